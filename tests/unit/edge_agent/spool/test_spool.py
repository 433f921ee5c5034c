"""The spool under crashes: after every single call that touches the disk, nothing that `add` returned may be gone."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import pytest

from broker.ids import AgentId, ImageId, ImageName, ProjectId
from broker.messages import ReceiptStatus, UploadAcknowledged
from edge_agent.photograph import Photograph
from edge_agent.spool.errors import PhotographLostError, PhotographSettledError, SpoolBusyError, SpoolFullError
from edge_agent.spool.index import SpoolState
from edge_agent.spool.spool import Spool
from tests.unit.edge_agent.spooled import photograph, receipt

RIG = AgentId("rig-north")


class Crash(BaseException):
    """The power goes; no handler may see it."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_a_photograph_comes_back_as_it_was_after_a_restart(folder: Path) -> None:
    taken_at = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    with Spool(folder, RIG) as spool:
        added = spool.add(
            Photograph(content=b"abc", content_type="image/png", captured_at=taken_at, file_name="door.png", source="s")
        )
    with Spool(folder, RIG) as spool:
        (waiting,) = spool.waiting(10)
        assert waiting == added
        assert waiting.captured_at == taken_at
        assert spool.read(waiting) == b"abc"
        assert spool.sources() == ("s",)


def test_ids_count_up_in_one_session_over_restarts(folder: Path) -> None:
    with Spool(folder, RIG) as spool:
        first = spool.add(photograph(1))
    with Spool(folder, RIG) as spool:
        second = spool.add(photograph(2))
    assert first.image_id.session == second.image_id.session
    assert first.image_id.session.startswith("rig-north-")
    assert (first.image_id.sequence, second.image_id.sequence) == (1, 2)
    assert second.image_id.digest == sha256(photograph(2).content).hexdigest()[:16]


def test_the_same_bytes_are_the_same_image(folder: Path) -> None:
    with Spool(folder, RIG) as spool:
        assert spool.add(photograph(1)) == spool.add(photograph(1))
        assert spool.counts().captured_count == 1


def test_a_stored_image_leaves_the_disk_and_a_rejected_one_stays(folder: Path) -> None:
    with Spool(folder, RIG) as spool:
        stored, rejected = spool.add(photograph(1)), spool.add(photograph(2))
        settled = spool.settle(receipt(stored.image_id), stored.image_id)
        assert settled is not None
        assert (settled.state, settled.image_number) == (SpoolState.STORED, 7)
        spool.settle(receipt(rejected.image_id, ReceiptStatus.REJECTED), rejected.image_id)
        assert spool.waiting(10) == []
        counts = spool.counts()
        assert (counts.captured_count, counts.stored_count, counts.rejected_count) == (2, 1, 1)
    assert [path.stem for path in (folder / "images").iterdir()] == [rejected.image_id]


def test_a_receipt_for_somebody_elses_image_changes_nothing(folder: Path) -> None:
    stranger = ImageId.build(session="x", sequence=1, sha256="ab" * 32)
    with Spool(folder, RIG) as spool:
        assert spool.settle(receipt(stranger), stranger) is None


def test_waiting_leaves_out_what_is_under_way_and_keeps_the_order(folder: Path) -> None:
    with Spool(folder, RIG) as spool:
        images = [spool.add(photograph(number)) for number in range(5)]
        under_way = frozenset({images[0].image_id, images[2].image_id})
        assert spool.waiting(2, without=under_way) == [images[1], images[3]]


def test_two_agents_cannot_use_one_spool(folder: Path) -> None:
    with Spool(folder, RIG), pytest.raises(SpoolBusyError, match="another agent"):
        Spool(folder, RIG)


def test_a_photograph_that_would_eat_the_reserve_is_not_taken(folder: Path) -> None:
    with Spool(folder, RIG, reserve_bytes=2**62) as spool:
        with pytest.raises(SpoolFullError, match="capturing waits"):
            spool.add(photograph(1))
        assert list((folder / "images").iterdir()) == []


def test_a_full_disk_in_the_middle_of_a_write_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: Any) -> int:
        raise OSError(28, "No space left on device", "spool")

    with Spool(folder, RIG) as spool:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(SpoolFullError):
                spool.add(photograph(1))
        assert spool.waiting(10) == []
        assert spool.add(photograph(1)).sequence == 1


def test_a_damaged_file_is_said_to_be_lost_and_offered_no_more(folder: Path) -> None:
    with Spool(folder, RIG) as spool:
        image = spool.add(photograph(1))
        (folder / "images" / f"{image.image_id}.jpg").write_bytes(b"zeroes")
        with pytest.raises(PhotographLostError):
            spool.read(image)
        assert spool.waiting(10) == []
        assert spool.counts().lost_count == 1
        assert spool.add(photograph(1)).state is SpoolState.WAITING


def test_a_file_damaged_over_a_restart_is_found_by_its_digest(folder: Path) -> None:
    with Spool(folder, RIG) as spool:
        image = spool.add(photograph(1))
    with Spool(folder, RIG) as spool:
        (folder / "images" / f"{image.image_id}.jpg").write_bytes(b"z" * image.size_bytes)
        with pytest.raises(PhotographLostError):
            spool.read(image)


@pytest.mark.parametrize("is_damaged", [False, True])
def test_bytes_that_arrived_otherwise_are_offered_once_more_and_looked_at(folder: Path, *, is_damaged: bool) -> None:
    with Spool(folder, RIG) as spool:
        image = spool.add(photograph(1))
        torn = UploadAcknowledged(
            project=ProjectId("chapel"),
            status=ReceiptStatus.REJECTED,
            image_name=ImageName(image.image_id),
            code="wrong_digest",
            reason="the bytes do not have the digest",
        )
        assert spool.settle(torn, image.image_id) == image
        assert spool.waiting(1) == [image]
        if is_damaged:
            (folder / "images" / f"{image.image_id}.jpg").write_bytes(b"z" * image.size_bytes)
            with pytest.raises(PhotographLostError):
                spool.read(image)
            return
        assert spool.read(image) == photograph(1).content
        rejected = spool.settle(torn, image.image_id)  # the card is fine: it is not sent again and again
        assert rejected is not None
        assert rejected.state is SpoolState.REJECTED


def test_a_damaged_index_is_set_aside_and_made_again_from_the_files(folder: Path) -> None:
    with Spool(folder, RIG) as spool:
        before = [spool.add(photograph(number)) for number in range(3)]
    for path in folder.glob("index.sqlite*"):
        path.write_bytes(b"not a database" * 100)
    with Spool(folder, RIG) as spool:
        assert [each.image_id for each in spool.waiting(10)] == [each.image_id for each in before]
        assert [spool.read(each) for each in spool.waiting(10)] == [photograph(n).content for n in range(3)]
        assert spool.add(photograph(9)).sequence == 4
    assert (folder / "index.sqlite.damaged").exists()


# Crashes. Every call below touches the disk; the n-th of them, counted over the whole work, is the last one made.

CALLS = ("open", "write", "fsync", "replace", "close")


class CountingConnection(sqlite3.Connection):
    """A connection that asks before each statement and commit."""

    step: Callable[[str], None] = staticmethod(lambda _name: None)

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self.step("sql")
        return super().execute(*arguments)

    def __exit__(self, *arguments: Any) -> Literal[False]:  # noqa: PYI036 - passed on as it comes
        self.step("commit")
        outcome = super().__exit__(*arguments)
        self.step("committed")
        return outcome


@contextlib.contextmanager
def crashing_at(last: int) -> Iterator[list[str]]:
    """Ends the process, as far as the disk can tell, at the call after `last`; what it held open is closed."""
    made: list[str] = []
    held: set[int] = set()
    connections: list[sqlite3.Connection] = []
    close, connect = os.close, sqlite3.connect

    def step(name: str) -> None:
        made.append(name)
        if len(made) > last:
            raise Crash

    def wrap(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            step(name)
            outcome = function(*arguments, **named)
            held.update([outcome] if name == "open" else [])
            held.difference_update(arguments if name == "close" else [])
            return outcome

        return call

    def connect_counting(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connections.append(connect(*arguments, factory=CountingConnection, **named))
        return connections[-1]

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, wrap(name, getattr(os, name)))
        patch.setattr(Path, "unlink", wrap("unlink", Path.unlink))
        patch.setattr(CountingConnection, "step", staticmethod(step))
        patch.setattr(sqlite3, "connect", connect_counting)
        yield made
    for descriptor in held:
        close(descriptor)
    for connection in connections:
        connection.close()


def work(folder: Path, added: list[ImageId], stored: list[ImageId]) -> None:
    """Takes three photographs, stores the first, takes one more."""
    with Spool(folder, RIG) as spool:
        for number in range(4):
            if number == 3:
                stored.append(added[0])
                spool.settle(receipt(added[0]), added[0])
            added.append(spool.add(photograph(number)).image_id)


def calls_of_an_undisturbed_run(folder: Path) -> int:
    with crashing_at(10**6) as made:
        work(folder, [], [])
    return len(made)


def test_no_crash_loses_a_photograph_that_was_taken_or_brings_back_one_that_was_stored(tmp_path: Path) -> None:
    count = calls_of_an_undisturbed_run(tmp_path / "undisturbed")
    assert count > 40
    for last in range(count):
        folder = tmp_path / f"crash{last}"
        added: list[ImageId] = []
        stored: list[ImageId] = []
        with crashing_at(last), contextlib.suppress(Crash):
            work(folder, added, stored)
        with Spool(folder, RIG) as spool:
            waiting = {image.image_id: spool.read(image) for image in spool.waiting(100)}
            kept = set(added) - set(stored)
            assert kept <= set(waiting), f"lost after call {last}"
            assert len(waiting) - len(kept) <= 2, f"invented after call {last}"  # at most: being added, being stored
            assert all(sha256(content).hexdigest().startswith(name.digest) for name, content in waiting.items())
            assert not list(folder.glob("images/*.tmp"))
            assert spool.counts().lost_count == 0
            following = spool.add(photograph(99)).image_id
            assert following.sequence > max([name.sequence for name in [*added, *waiting]], default=0)


def test_a_rig_that_gets_another_name_sends_what_waits_under_a_session_of_its_own(tmp_path: Path) -> None:
    with Spool(tmp_path, AgentId("rig-north")) as spool:
        before = [spool.add(photograph(number)) for number in range(2)]
        spool.settle(receipt(before[0].image_id), before[0].image_id)
    with Spool(tmp_path, AgentId("rig-south")) as spool:
        assert spool.session.startswith("rig-south-")
        (image,) = spool.waiting(10)
        assert (image.image_id.session, image.sequence) == (spool.session, before[1].sequence)
        assert spool.read(image) == photograph(1).content
    with Spool(tmp_path, AgentId("rig-south")) as spool:
        assert spool.waiting(10) == [image]


def test_a_photograph_whose_receipt_came_before_it_was_read_is_not_called_lost(folder: Path) -> None:
    """The uploader has read the index, and the receipt of an earlier run comes in between."""
    with Spool(folder, RIG) as spool:
        image = spool.add(photograph(1))
        spool.settle(receipt(image.image_id), image.image_id)
        with pytest.raises(PhotographSettledError):
            spool.read(image)
        assert (spool.counts().stored_count, spool.counts().lost_count) == (1, 0)


def test_a_photograph_that_was_removed_before_it_was_read_is_not_called_lost(folder: Path) -> None:
    """A preview is due, and an operator exports the photograph meanwhile."""
    with Spool(folder, RIG) as spool:
        image = spool.add(photograph(1))
        spool.destinations.remove([image])
        with pytest.raises(PhotographSettledError):
            spool.read(image)
        assert (spool.counts().evicted_count, spool.counts().lost_count) == (1, 0)


def due(spool: Spool, store_id: str, larger_than_bytes: float = 0) -> list[ImageId]:
    found = spool.previews.waiting(9, store_id=store_id, larger_than_bytes=larger_than_bytes, without=frozenset())
    return [each.image_id for each in found]


def test_previews_are_remembered_for_one_store_until_the_photograph_is_settled(folder: Path) -> None:
    with Spool(folder, RIG) as spool:
        first, second, third = (spool.add(photograph(number)).image_id for number in (1, 2, 3))
        spool.previews.note(first, store_id="a", image_number=1)
        spool.previews.note(second, store_id="a", image_number=None)  # it gets none
        assert due(spool, "a") == [third]
        assert due(spool, "b") == [first, second, third]
    with Spool(folder, RIG) as spool:
        assert due(spool, "a") == [third]
        assert spool.counts().previewed_count == 1
        assert Spool.read_only(folder).counts().previewed_count == 1
        spool.settle(receipt(first), first)
        assert due(spool, "b") == [second, third]
        assert spool.counts().previewed_count == 0


def test_small_photographs_and_those_under_way_are_due_no_preview(folder: Path) -> None:
    with Spool(folder, RIG) as spool:
        first, second = (spool.add(photograph(number)) for number in (1, 2))
        assert due(spool, "a", larger_than_bytes=first.size_bytes) == []
        assert due(spool, "a", larger_than_bytes=first.size_bytes - 1) == [first.image_id, second.image_id]
        without = frozenset({first.image_id})
        assert spool.previews.waiting(9, store_id="a", larger_than_bytes=0, without=without) == [second]


@pytest.mark.parametrize("status", [ReceiptStatus.PREVIEWED, ReceiptStatus.PREVIEW_REFUSED])
def test_receipt_of_a_preview_never_deletes_a_photograph(folder: Path, status: ReceiptStatus) -> None:
    with Spool(folder, RIG) as spool:
        image = spool.add(photograph(1))
        spool.settle(receipt(image.image_id, status), image.image_id)
        assert spool.waiting(9) == [image]
        assert spool.read(image) == photograph(1).content


def test_named_photographs_wait_first(folder: Path) -> None:
    with Spool(folder, RIG) as spool:
        first, second, third = (spool.add(photograph(number)).image_id for number in (1, 2, 3))
        spool.settle(receipt(first), first)
        elsewhere = ImageId.build(session="other", sequence=1, sha256="0" * 64)
        assert [each.image_id for each in spool.waiting(9, first=[third, first, elsewhere])] == [third, second]
        assert [each.image_id for each in spool.waiting(1, first=[third], without=frozenset({third}))] == [second]
