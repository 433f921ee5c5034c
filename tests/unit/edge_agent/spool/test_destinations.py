"""Photographs that wait for one project are never offered to another, whatever happens to settings, address and index."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from broker.config import Connection
from broker.ids import AgentId, ProjectId
from edge_agent.photograph import Photograph
from edge_agent.spool.destinations import FILE_NAME, Destination
from edge_agent.spool.index import SpoolIndex
from edge_agent.spool.spool import Spool

RIG = AgentId("rig-north")
CHAPEL = Destination(project=ProjectId("chapel"), root="cairn/v1", address="10.0.0.5:1883")
TOWER = Destination(project=ProjectId("tower"), root="cairn/v1", address="10.0.0.5:1883")
CHAPEL_ELSEWHERE = CHAPEL.model_copy(update={"address": "10.0.0.9:1883"})
FIRST_STORE, SECOND_STORE = "0123456789abcdef", "fedcba9876543210"


def photograph(number: int) -> Photograph:
    return Photograph(content=f"photo {number}".encode(), content_type="image/jpeg", file_name=f"{number}.jpg")


def take(folder: Path, destination: Destination, *numbers: int, store_id: str | None = None) -> list[str]:
    """Take photographs for a destination, and what the uploader is offered afterwards."""
    with Spool(folder, RIG, destination=destination) as spool:
        for number in numbers:
            spool.add(photograph(number))
        spool.meet(store_id)
        return [image.file_name for image in spool.waiting(99)]


@pytest.mark.parametrize(
    "other",
    [
        TOWER,
        CHAPEL_ELSEWHERE,
        CHAPEL.model_copy(update={"root": "other/v1"}),
        CHAPEL.model_copy(update={"authority": "00ff00ff00ff00ff"}),
    ],
    ids=["another project", "another broker", "another root", "another authority at the same address"],
)
def test_what_waits_for_one_destination_is_held_while_another_is_set_and_then_goes(
    tmp_path: Path, other: Destination
) -> None:
    assert take(tmp_path, CHAPEL, 1, 2, store_id=FIRST_STORE) == ["1.jpg", "2.jpg"]
    assert take(tmp_path, other, 3, store_id=SECOND_STORE) == ["3.jpg"]
    with Spool(tmp_path, RIG, destination=other) as spool:
        (held,) = spool.destinations.held()
        assert (held.count, held.words) == (2, "project chapel at 10.0.0.5:1883")
        counts = spool.counts()
        assert (counts.captured_count, counts.waiting_count, counts.held_count) == (3, 1, 2)
        assert counts.held_bytes == 2 * len(photograph(1).content)
        named = [image.image_id for image, _ in Spool.read_only(tmp_path).files_for(held.destination_id)]
        assert [each.file_name for each in spool.waiting(99, first=named)] == ["3.jpg"]  # not even when it is asked for
        previews = spool.previews.waiting(99, store_id=FIRST_STORE, larger_than_bytes=0, without=frozenset())
        assert [each.file_name for each in previews] == ["3.jpg"]
        gone = spool.lacking(spool.session, [1, 2, 3])  # a reconstructor that asks must not get what waits for another
    assert gone == [1, 2]
    assert take(tmp_path, CHAPEL, store_id=FIRST_STORE) == ["1.jpg", "2.jpg"]


def test_an_address_that_changed_is_found_again_by_the_store_that_answers_there(tmp_path: Path) -> None:
    assert take(tmp_path, CHAPEL, 1, store_id=FIRST_STORE) == ["1.jpg"]
    assert take(tmp_path, CHAPEL_ELSEWHERE, 2) == ["2.jpg"]
    assert take(tmp_path, CHAPEL_ELSEWHERE, store_id=FIRST_STORE) == ["1.jpg", "2.jpg"]
    with Spool(tmp_path, RIG, destination=CHAPEL_ELSEWHERE) as spool:
        assert spool.destinations.held() == []


def test_addresses_that_are_exchanged_between_two_servers_mix_nothing(tmp_path: Path) -> None:
    take(tmp_path, CHAPEL, 1, store_id=FIRST_STORE)
    take(tmp_path, CHAPEL_ELSEWHERE, 2, store_id=SECOND_STORE)
    assert take(tmp_path, CHAPEL, store_id=SECOND_STORE) == ["2.jpg"]
    assert take(tmp_path, CHAPEL, 3) == ["2.jpg", "3.jpg"]  # after a restart, too
    assert take(tmp_path, CHAPEL, store_id=FIRST_STORE) == ["1.jpg"]


def test_a_store_that_was_lost_or_adopted_needs_no_hand_on_the_rig(tmp_path: Path) -> None:
    take(tmp_path, CHAPEL, 1, store_id=FIRST_STORE)
    assert take(tmp_path, CHAPEL, store_id=SECOND_STORE) == ["1.jpg"]


def test_the_same_store_of_another_project_is_another_destination(tmp_path: Path) -> None:
    take(tmp_path, CHAPEL, 1, store_id=FIRST_STORE)
    assert take(tmp_path, TOWER, 2, store_id=FIRST_STORE) == ["2.jpg"]


def test_the_same_bytes_for_another_project_are_another_image(tmp_path: Path) -> None:
    assert take(tmp_path, CHAPEL, 1, 1) == ["1.jpg"]
    assert take(tmp_path, TOWER, 1, 1) == ["1.jpg"]
    assert take(tmp_path, CHAPEL) == ["1.jpg"]


def test_what_was_taken_before_destinations_were_kept_belongs_to_the_first_one(tmp_path: Path) -> None:
    with Spool(tmp_path, RIG) as spool:
        spool.add(photograph(1))
    assert Spool.read_only(tmp_path, CHAPEL).counts().waiting_count == 1
    assert take(tmp_path, CHAPEL) == ["1.jpg"]
    assert take(tmp_path, TOWER) == []


def test_a_crash_between_the_list_and_the_index_gives_nothing_to_the_next_destination(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Spool(tmp_path, RIG) as spool:
        spool.add(photograph(1))
        with monkeypatch.context() as crash:
            crash.setattr(SpoolIndex, "redirect", Mock(side_effect=KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                spool.destinations.use(CHAPEL)
    assert take(tmp_path, TOWER) == []
    assert take(tmp_path, CHAPEL) == ["1.jpg"]


def test_a_damaged_index_lets_the_photographs_of_the_only_destination_go_and_no_others(tmp_path: Path) -> None:
    def damage() -> None:
        for path in tmp_path.glob("index.sqlite*"):
            path.write_bytes(b"not a database" * 100)

    take(tmp_path, CHAPEL, 1)
    damage()
    with Spool(tmp_path, RIG, destination=TOWER) as spool:
        assert [each.words for each in spool.destinations.held()] == [CHAPEL.words]
    damage()  # now it is no longer known for whom they were
    with Spool(tmp_path, RIG, destination=TOWER) as spool:
        assert spool.waiting(9) == []
        (held,) = spool.destinations.held()
        assert "no longer known" in held.sentence
        assert spool.destinations.send_here(held.destination_id) == 1
        assert len(spool.waiting(9)) == 1


def test_a_list_that_is_lost_or_damaged_sends_nothing_to_a_stranger(tmp_path: Path) -> None:
    take(tmp_path, CHAPEL, 1)
    (tmp_path / FILE_NAME).write_text("{")
    assert take(tmp_path, TOWER, 2) == ["2.jpg"]
    (tmp_path / FILE_NAME).unlink()
    assert take(tmp_path, TOWER, 3) == ["3.jpg"]
    assert sum(each.count for each in Spool.read_only(tmp_path, TOWER).held()) == 2


def test_the_spool_is_read_beside_the_agent_for_the_settings_in_use(tmp_path: Path) -> None:
    take(tmp_path, CHAPEL, 1, 2)
    beside = Spool.read_only(tmp_path, TOWER)  # joined again, and not run yet
    assert (beside.counts().waiting_count, beside.counts().held_count) == (0, 2)
    assert [each.count for each in beside.held()] == [2]
    assert Spool.read_only(tmp_path).counts().waiting_count == 2


def test_what_waits_keeps_its_destination_when_the_rig_gets_another_name(tmp_path: Path) -> None:
    take(tmp_path, CHAPEL, 1)
    with Spool(tmp_path, AgentId("rig-south"), destination=TOWER) as spool:
        assert spool.waiting(9) == []
    with Spool(tmp_path, AgentId("rig-west"), destination=CHAPEL) as spool:
        (image,) = spool.waiting(9)
        assert image.image_id.session.startswith("rig-west")
        assert spool.read(image) == photograph(1).content


def test_an_authority_is_part_of_the_destination(tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_text("one")
    (tmp_path / "two.pem").write_text("two")
    plain = Destination.of(ProjectId("chapel"), Connection(host="hill", port=8883))
    assert (plain.address, plain.authority) == ("hill:8883", "")
    one, same, two = (
        Destination.of(ProjectId("chapel"), Connection(host="hill", port=8883, ca_file=tmp_path / name))
        for name in ("one.pem", "one.pem", "two.pem")
    )
    assert one.place == same.place
    assert len({plain.place, one.place, two.place}) == 3
