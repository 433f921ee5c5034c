"""Photographs that wait for another project: listed, copied out, removed after that, or sent on purpose."""

from pathlib import Path

import pytest

from broker.config import Connection
from edge_agent import held
from edge_agent.config import Settings
from edge_agent.photograph import Photograph
from edge_agent.spool.destinations import Destination
from edge_agent.spool.errors import SpoolBusyError
from edge_agent.spool.spool import Spool


def settings_of(folder: Path, project: str) -> Settings:
    return Settings.load(
        project=project, agent="rig-north", spool_dir=folder / "spool", broker=Connection(host="hill", port=1883)
    )


def opened(settings: Settings) -> Spool:
    project, name = settings.named()
    return Spool(settings.spool_dir, name, destination=Destination.of(project, settings.broker))


@pytest.fixture
def tower(tmp_path: Path) -> Settings:
    """The settings of a rig that took two photographs for the chapel, and one for the tower since."""
    for project, names in (("chapel", ("a.jpg", "")), ("tower", ("b.jpg",))):
        with opened(settings_of(tmp_path, project)) as spool:
            for name in names:
                content = f"{project} {name}".encode()
                spool.add(Photograph(content=content, content_type="image/jpeg", file_name=name))
    return settings_of(tmp_path, "tower")


def test_every_destination_is_listed_with_its_number(tower: Settings) -> None:
    now, other = held.lines(tower)
    assert now == "now  1 for project tower at hill:1883, 0.0 MiB"
    assert other.startswith("1    2 held for project chapel at hill:1883, 0.0 MiB, oldest 2")
    (sentence,) = held.sentences(tower)
    assert sentence.startswith(
        "2 photographs wait for project chapel at hill:1883 and will not be sent to another: join"
    )


def test_held_photographs_are_copied_under_their_names_and_stay(tower: Settings, tmp_path: Path) -> None:
    assert held.export(tower, 1, tmp_path / "out", is_removed=False) == 2
    with opened(tower) as spool:  # an export reads beside the agent
        session = spool.session
        assert held.export(tower, 1, tmp_path / "out", is_removed=False) == 2
    copied = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert copied == {f"{session}-000001-a.jpg": b"chapel a.jpg", f"{session}-000002.jpg": b"chapel "}
    assert held.lines(tower)[1].startswith("1    2 held")


@pytest.mark.parametrize("long_name", ["x" * 240 + ".jpg", "é" * 120 + ".jpg", "写真" * 41 + ".jpeg", "a." + "b" * 250])
def test_a_photograph_with_a_long_name_is_copied_under_a_shorter_one(tmp_path: Path, long_name: str) -> None:
    with opened(settings_of(tmp_path, "chapel")) as spool:
        for name in (long_name, "behind.jpg"):
            spool.add(Photograph(content=name.encode(), content_type="image/jpeg", file_name=name))
        session = spool.session
    with opened(settings_of(tmp_path, "tower")):
        """The chapel's are held now."""
    assert held.export(settings_of(tmp_path, "tower"), 1, tmp_path / "out", is_removed=False) == 2
    first, second = sorted((tmp_path / "out").iterdir())
    assert first.name.startswith(f"{session}-000001-{long_name[:30]}")
    assert len(first.name.encode()) + len(".tmp") <= 240
    assert first.suffix in {".jpg", ".jpeg"} or long_name.startswith("a.")
    assert second.name == f"{session}-000002-behind.jpg"


def test_one_photograph_that_cannot_be_read_stays_and_the_others_are_copied_and_removed(
    tower: Settings, tmp_path: Path
) -> None:
    (bad, *_), images = sorted((tower.spool_dir / "images").iterdir()), tower.spool_dir / "images"
    bad.unlink()
    bad.mkdir()  # reading it fails, also for root
    with pytest.raises(held.ExportError, match="1 of 2 photographs left in the spool"):
        held.export(tower, 1, tmp_path / "out", is_removed=True)
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [b"chapel "]
    assert bad in images.iterdir()
    assert held.lines(tower)[1].startswith("1    1 held")


def test_they_are_removed_only_on_purpose_and_after_they_were_copied(tower: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(held.ExportError, match="nothing was deleted"):
        held.export(tower, 1, tmp_path / "file", is_removed=True)
    with opened(tower), pytest.raises(SpoolBusyError):
        held.export(tower, 1, tmp_path / "out", is_removed=True)
    assert len(list((tower.spool_dir / "images").iterdir())) == 3
    assert held.export(tower, 1, tmp_path / "out", is_removed=True) == 2
    assert len(list((tmp_path / "out").iterdir())) == 2
    assert len(list((tower.spool_dir / "images").iterdir())) == 1
    assert len(held.lines(tower)) == 1
    with opened(tower) as spool:
        assert (spool.counts().captured_count, spool.counts().evicted_count) == (3, 2)


def test_they_are_sent_to_the_present_project_on_purpose(tower: Settings) -> None:
    with pytest.raises(held.NothingHeldError, match="has the numbers 1"):
        held.send_here(tower, 7)
    assert held.send_here(tower, 1) == 2
    assert held.lines(tower) == ["now  3 for project tower at hill:1883, 0.0 MiB"]
    with pytest.raises(held.NothingHeldError, match="nothing is held"):
        held.send_here(tower, 1)
