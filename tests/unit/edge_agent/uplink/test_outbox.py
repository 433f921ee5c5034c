import errno
from pathlib import Path

import pytest

from broker.ids import AgentId, ImageId, ProjectId
from broker.messages import ReceiptStatus, UploadAcknowledged
from edge_agent.spool.index import SpoolState
from edge_agent.uplink.outbox import NamedFiles, NotAPhotographError

RIG = AgentId("rig-north")


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("b.jpg", "a.png", "c.dng")]
    for path in made:
        path.write_bytes(path.name.encode())
    return made


def test_files_wait_in_the_order_they_were_named(paths: list[Path]) -> None:
    outbox = NamedFiles(paths, RIG)
    waiting = outbox.waiting(9, without=frozenset())
    assert [image.file_name for image in waiting] == ["b.jpg", "a.png", "c.dng"]
    assert [image.content_type for image in waiting] == ["image/jpeg", "image/png", "application/octet-stream"]
    assert outbox.waiting(1, without=frozenset({waiting[0].image_id})) == [waiting[1]]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (ReceiptStatus.STORED, SpoolState.STORED),
        (ReceiptStatus.DUPLICATE, SpoolState.STORED),
        (ReceiptStatus.REJECTED, SpoolState.REJECTED),
    ],
)
def test_a_receipt_settles_a_file(paths: list[Path], status: ReceiptStatus, state: SpoolState) -> None:
    outbox = NamedFiles(paths, RIG)
    image = outbox.waiting(1, without=frozenset())[0]
    receipt = UploadAcknowledged(project=ProjectId("chapel"), status=status, image_name=image.image_id, reason="why")
    settled = outbox.settle(receipt, image.image_id)
    assert settled is not None
    assert settled.state is state
    assert image.image_id not in {each.image_id for each in outbox.waiting(9, without=frozenset())}


def test_a_file_that_changes_meanwhile_is_said_and_not_sent(paths: list[Path]) -> None:
    outbox = NamedFiles(paths, RIG)
    image = outbox.waiting(1, without=frozenset())[0]
    paths[0].write_bytes(b"something else")
    with pytest.raises(NotAPhotographError, match="changed while"):
        outbox.read(image)
    assert outbox.images[image.image_id].state is SpoolState.LOST


def test_a_file_that_cannot_be_read_any_more_is_said_and_not_sent(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = NamedFiles(paths, RIG)
    first, *others = outbox.waiting(9, without=frozenset())

    def fail(path: Path) -> bytes:
        raise OSError(errno.EIO, "Input/output error", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fail)
        with pytest.raises(NotAPhotographError, match="cannot be read any more: Input/output error"):
            outbox.read(first)
    assert outbox.waiting(9, without=frozenset()) == others


def test_the_same_bytes_twice_are_two_files_with_ids_of_their_own(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"same")
    assert len(NamedFiles([tmp_path / "a.jpg", tmp_path / "b.jpg"], RIG).images) == 2


def test_a_name_with_signs_that_no_message_takes_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31mb.jpg"
    path.write_bytes(b"a")
    (image,) = NamedFiles([path], RIG).waiting(9, without=frozenset())
    assert image.file_name == r"a\x1b[31mb.jpg"


def test_files_named_by_the_reconstructor_go_first(paths: list[Path]) -> None:
    outbox = NamedFiles(paths, RIG)
    ids = list(outbox.images)
    waiting = outbox.waiting(9, without=frozenset({ids[1]}), first=[ids[2], ids[1]])
    assert [each.image_id for each in waiting] == [ids[2], ids[0]]


def test_previews_of_files_are_known_for_one_store(paths: list[Path]) -> None:
    paths[1].write_bytes(b"a larger file")
    outbox = NamedFiles(paths, RIG)
    ids = list(outbox.images)
    outbox.previews.note(ids[0], store_id="a", image_number=1)

    def due(store_id: str, larger_than_bytes: int = 0) -> list[ImageId]:
        found = outbox.previews.waiting(
            9, store_id=store_id, larger_than_bytes=larger_than_bytes, without=frozenset({ids[2]})
        )
        return [each.image_id for each in found]

    assert due("a") == [ids[1]]
    assert due("b") == [ids[0], ids[1]]
    assert due("b", larger_than_bytes=5) == [ids[1]]


@pytest.mark.parametrize("status", [ReceiptStatus.PREVIEWED, ReceiptStatus.PREVIEW_REFUSED])
def test_a_receipt_of_a_preview_settles_no_file(paths: list[Path], status: ReceiptStatus) -> None:
    outbox = NamedFiles(paths, RIG)
    image_id = next(iter(outbox.images))
    outbox.settle(UploadAcknowledged(project=ProjectId("chapel"), status=status, image_name=image_id), image_id)
    assert outbox.images[image_id].state is SpoolState.WAITING
