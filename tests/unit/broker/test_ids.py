"""Names that may and may not enter a topic or a path."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from broker.ids import (
    AgentId,
    BadIdError,
    ExportFormat,
    ExportName,
    Generation,
    ImageId,
    ImageName,
    Offset,
    ProjectId,
    ShardIndex,
    UserId,
    Verb,
    level_of_account,
)

DIGEST = "0123456789abcdef" * 4
HOSTILE = ["", "../x", "a/b", "a+b", "#", "$sys", "a\0b", "A", "é", "-a", "a" * 64, "a\n", " a", "a.b"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", [ProjectId, UserId, AgentId, ImageId])
def test_no_sign_with_a_meaning_in_topics_or_paths_is_taken(kind: type[ProjectId], text: str) -> None:
    with pytest.raises(BadIdError):
        kind(text)


@given(st.text())
def test_whatever_is_taken_is_one_harmless_level(text: str) -> None:
    try:
        name = ProjectId(text)
    except BadIdError:
        return
    assert 0 < len(name) <= 63
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_agents_and_people_have_separate_name_spaces() -> None:
    assert AgentId("rig-north") == "rig-north"
    with pytest.raises(BadIdError, match="begins with 'rig-'"):
        AgentId("anna")
    with pytest.raises(BadIdError, match="must not begin with 'rig-'"):
        UserId("rig-north")


def test_image_id_gives_back_its_parts_and_sorts_by_capture() -> None:
    first = ImageId.build(session="day-2-000001", sequence=9, sha256=DIGEST)
    second = ImageId.build(session="day-2-000001", sequence=10, sha256=DIGEST)
    assert (first.session, first.sequence, first.digest) == ("day-2-000001", 9, DIGEST[:16])
    assert first < second


@pytest.mark.parametrize("sequence", [-1, 1_000_000])
def test_sequence_outside_six_digits_is_refused(sequence: int) -> None:
    with pytest.raises(BadIdError, match="new session"):
        ImageId.build(session="s", sequence=sequence, sha256=DIGEST)


def test_plain_name_becomes_an_id_by_its_digest_and_an_id_stays() -> None:
    derived = ImageId.from_name(ImageName("door1"), DIGEST)
    assert derived == f"door1-000000-{DIGEST[:16]}"
    assert ImageId.from_name(derived, "f" * 64) == derived
    assert ImageId.from_name(ImageName("d" * 63), DIGEST).session == "d" * 39


@pytest.mark.parametrize(
    ("label", "session"),
    [
        ("IMG_0001.JPG", "img-0001"),
        ("Tür 1.jpg", "tur-1"),
        ("Straße.x.JPEG", "strasse-x"),
        ("写真.jpg", "photograph"),
        ("..", "photograph"),
        ("$SYS", "sys"),
        ("-rig-north-", "rig-north"),
        ("\U0001f469\u200d\U0001f680.jpg", "photograph"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "photograph"),
        ("a" * 200, "a" * 39),
        ("é" * 100, "e" * 39),
        (f"walk-000007-{DIGEST[:15]}", "walk-000007-0123456789abcde"),
    ],
)
def test_a_label_becomes_an_id_that_people_recognise(label: str, session: str) -> None:
    image_id = ImageId.from_name(ImageName(label), DIGEST)
    assert (image_id.session, image_id.sequence, image_id.digest) == (session, 0, DIGEST[:16])


RESERVED = ("missing", "flow", "wanted", "refused")  # channels below a sender's receipts


@given(st.text(min_size=1, max_size=201) | st.sampled_from(RESERVED))
def test_any_text_is_a_label_or_refused_and_every_label_becomes_an_id(text: str) -> None:
    shown = ImageName.shown(text)
    assert len(shown) == len(text)
    try:
        name = ImageName(text)
    except BadIdError:
        assert shown != text or "/" in text or len(text.encode()) > 200 or text in RESERVED
        return
    assert shown == text
    assert text not in RESERVED
    assert "/" not in text
    assert ImageId.from_name(name, DIGEST).digest == DIGEST[:16]


@pytest.mark.parametrize(
    "text",
    [
        *("", "a/b", "a+b", "#", "a\0", "a\x1bb", "a\x85b", "a\n", "\u202e", "\u200b", "\u2066", "\ufeff", "\u2028"),
        *("\ud800", "\ufdd0", "\uffff", "\U0001fffe", "\U000e0041", "a" * 201, "é" * 101),
    ],
)
def test_signs_that_mislead_people_or_mean_something_in_topics_are_in_no_label(text: str) -> None:
    with pytest.raises(BadIdError, match="200 bytes"):
        ImageName(text)


@pytest.mark.parametrize("text", ["missing", "flow", "wanted", "refused"])
def test_an_image_cannot_take_the_name_of_a_receipt_channel(text: str) -> None:
    with pytest.raises(BadIdError, match="reserved"):
        ImageName(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "01", "²", "9" * 12])
def test_generation_counts_from_one(text: str) -> None:
    with pytest.raises(BadIdError):
        Generation(text)


def test_numbers_of_topics_have_one_spelling() -> None:
    assert (Generation("7"), ShardIndex("0"), Offset("262144")) == (7, 0, 262_144)
    for text in ("00", "+1", "1 "):
        with pytest.raises(BadIdError):
            ShardIndex(text)


def test_unknown_word_names_the_known_ones() -> None:
    with pytest.raises(BadIdError, match="resync, ping, photograph, earlier, export"):
        Verb("explode")


def test_models_refuse_a_bad_name_as_a_validation_error() -> None:
    class Model(BaseModel):
        project: ProjectId

    assert Model.model_validate({"project": "chapel"}).project == ProjectId("chapel")
    with pytest.raises(ValidationError, match="not a valid ProjectId"):
        Model.model_validate({"project": "../x"})


@pytest.mark.parametrize("name", ["anna", "rig-north", "0-x", "a" * 63])
def test_an_account_that_may_be_a_level_is_that_level(name: str) -> None:
    assert level_of_account(name) == name


def test_an_account_of_another_broker_becomes_a_level_of_its_own() -> None:
    levels = [level_of_account(name) for name in ("rig@localhost", "rig@LOCALHOST", "Jürgen Ö", "@", "-x", "x" * 300)]
    assert levels[0].startswith("rig-localhost-")
    assert len(set(levels)) == len(levels)


@pytest.mark.parametrize("form", list(ExportFormat))
def test_an_export_is_named_by_project_time_and_format(form: ExportFormat) -> None:
    made_at = datetime(2026, 11, 29, 11, 15, 3, tzinfo=timezone(timedelta(hours=1)))
    name = ExportName.of(ProjectId("chapel-2"), form, made_at)
    assert name.startswith("chapel-2-20261129-101503")
    assert (name.project, name.form) == ("chapel-2", form)
    assert ExportName.of(ProjectId("c-20261129-101503"), form, made_at).project == "c-20261129-101503"


@pytest.mark.parametrize(
    "name",
    [
        "../chapel-20261129-101503.ply",
        "a/chapel-20261129-101503.ply",
        ".chapel-20261129-101503.ply",
        "chapel-20261129-101503.ply.part",
        "chapel-20261129-101503.exe",
        "chapel.ply",
        "chapel-20261129-101503.ply\n",
        "chapel-20261129-101503.ply\0",
        "",
    ],
)
def test_a_name_that_is_no_export_is_refused(name: str) -> None:
    with pytest.raises(BadIdError):
        ExportName(name)
