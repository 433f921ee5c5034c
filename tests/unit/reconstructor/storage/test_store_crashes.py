"""A crash at every single write of intake and store: nothing is lost, nothing is numbered twice, nothing is half there."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broker import files
from broker.ids import ImageName, ProjectId, SenderId
from broker.messages import ReceiptStatus
from reconstructor.decoders.inspection import Inspected, PixelLimits, inspect
from reconstructor.intake.previews import take_preview
from reconstructor.intake.validation import Taken, Upload, take_in
from reconstructor.jobs.answer import read_answer
from reconstructor.jobs.commit import plan_commit
from reconstructor.schedule import JobState
from reconstructor.storage.database import Database
from reconstructor.storage.images import StoredImage
from reconstructor.storage.store import Store
from tests.black_boxes import instant
from tests.photographs import image_id, photograph

LIMITS = PixelLimits(reduced=1_000_000, full=1_000_000, side_px=2000)
PROJECT = ProjectId("chapel")


class PowerCutError(BaseException):
    """The machine stops here; nothing of ours may catch it."""


@contextmanager
def power_cut_after(steps: int, patch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Stop before the next write once this many were done; yields how many have been done."""
    done = 0

    def counted(work: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object) -> object:
            nonlocal done
            if done == steps:
                raise PowerCutError
            result = work(*arguments)
            done += 1
            return result

        return step

    with patch.context() as inside:
        inside.setattr(files, "write_bytes", counted(files.write_bytes))
        inside.setattr(files, "sync", counted(files.sync))
        inside.setattr(os, "replace", counted(os.replace))
        inside.setattr(Database, "_commit", counted(Database._commit))
        yield lambda: done


def open_store(folder: Path) -> Store:
    return Store(folder, refetch_every=2)


def send(store: Store, seed: int) -> Taken:
    payload = photograph(seed)
    name = ImageName(image_id(payload, seed))
    upload = Upload(sender=SenderId("rig-north"), name=name, payload=payload)
    return asyncio.run(take_in(upload, store, inspect_here))


async def inspect_here(content: bytes, _is_new: bool) -> Inspected:
    return inspect(content, LIMITS)


def send_preview(store: Store, seed: int) -> StoredImage:
    payload = photograph(seed)
    upload = Upload(sender=SenderId("rig-north"), name=ImageName(image_id(payload, seed)), payload=preview(seed))
    return asyncio.run(take_preview(upload, store, inspect_preview_here))[0]


def preview(seed: int) -> bytes:
    return photograph(1000 + seed, kind="WEBP")


async def inspect_preview_here(content: bytes) -> Inspected:
    return inspect(content, LIMITS)


def check_images(store: Store) -> None:
    """Numbers are 1 to N, every numbered image is whole, and nothing unfinished and no preview that no row names is left."""
    images = store.images()
    assert [image.number for image in images] == list(range(1, len(images) + 1))
    for image in images:
        seed = image.image_id.sequence
        assert store.path(image).read_bytes() == (photograph(seed) if image.has_original else preview(seed))
    assert not list(store.folder.rglob("*.tmp"))
    previews = {path.name for path in store.previews.folder.iterdir() if path.suffix == ".webp"}
    assert previews == {image.preview_name for image in images if image.preview_name}


def test_intake_outlives_a_crash_at_every_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for steps in range(100):
        folder = tmp_path / str(steps)
        store = open_store(folder)
        send(store, 0)
        is_cut, receipt = False, None
        with power_cut_after(steps, monkeypatch) as count:
            try:
                receipt = send(store, 1)
            except PowerCutError:
                is_cut = True
            done = count()
        store.close()
        store = open_store(folder)
        check_images(store)
        again = send(store, 1)
        assert again.image.number == 2
        if receipt is not None:
            assert again.status is ReceiptStatus.DUPLICATE
        check_images(store)
        assert send(store, 2).image.number == 3
        store.close()
        if not is_cut:
            assert done == 8  # 2 files written, synced, renamed, 1 folder synced, 1 commit
            return
    pytest.fail("intake never came to its end")


def test_a_preview_and_its_original_outlive_a_crash_at_every_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Preview, job on it, original while the job runs, the job's end, the preview's end: cut before each write."""
    for steps in range(100):
        folder = tmp_path / str(steps)
        store = open_store(folder)
        monkeypatch.chdir(store.black_box_folder)
        is_cut, heard = False, list[str]()
        with power_cut_after(steps, monkeypatch):
            try:
                send_preview(store, 0)
                heard.append("previewed")
                job = store.next_job()
                assert job is not None
                store.start(job)
                assert send(store, 0).status is ReceiptStatus.STORED
                heard.append("stored")
                run_job(store)
                store.previews.drop(store.previews.surplus())
            except PowerCutError:
                is_cut = True
        store.close()
        store = open_store(folder)
        check_images(store)
        assert len(store.images()) >= bool(heard)
        assert send_preview(store, 0).has_original is ("stored" in heard or store.image(1).has_original)
        assert (send(store, 0).status is ReceiptStatus.DUPLICATE) >= ("stored" in heard)
        _run_all(store)
        store.previews.drop(store.previews.surplus())
        check_images(store)
        (image,) = store.images()
        assert (image.number, image.has_original, image.state.value) == (1, True, "placed")
        assert not list(store.previews.folder.iterdir())
        newest = store.references.newest()
        assert newest is not None
        assert newest.manifest.point_count == 500, "added once"
        store.close()
        if not is_cut:
            assert steps > 20
            return
    pytest.fail("it never came to its end")


def run_job(store: Store) -> None:
    """The next job by a black box that answers at once, up to its end."""
    job = store.next_job()
    assert job is not None
    if job.state is not JobState.STORED:
        store.start(job)
        image = store.image(job.image_number)
        is_refetch = job.kind.value == "refetch"
        merged = None if is_refetch else store.references.merged()
        folder = instant(str(store.path(image)), str(merged or ""), image.image_id)
        outcome = plan_commit(job, read_answer(Path(folder), 10_000), store, project=PROJECT)
        store.commit(job, outcome.change)
    store.finish(job)


def check_references(store: Store) -> tuple[int, int]:
    """The newest manifest and every byte it names; returns its generation and revision."""
    newest = store.references.newest()
    if newest is None:
        return 0, 0
    manifest = newest.manifest
    assert [entry.index for entry in newest.shards] == list(range(manifest.shard_count))
    assert manifest.shard_pages == tuple(page.digest for page in newest.shard_pages)
    assert manifest.camera_pages == tuple(page.digest for page in newest.camera_pages)
    for entry in newest.shards:
        for each in entry.encodings:
            assert len(store.references.shard(manifest.generation, entry, each.encoding)) == each.size_bytes
    return manifest.generation, manifest.revision


def test_jobs_outlive_a_crash_at_every_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three images, a refetch on the second: generation 1 with an increment, generation 2 with an increment."""
    for steps in range(200):
        folder = tmp_path / str(steps)
        store = open_store(folder)
        monkeypatch.chdir(store.black_box_folder)
        for seed in range(3):
            send(store, seed)
        is_cut = False
        with power_cut_after(steps, monkeypatch):
            try:
                _run_all(store)
            except PowerCutError:
                is_cut = True
        before = check_references(store)
        store.close()
        store = open_store(folder)
        assert check_references(store) >= before
        _run_all(store)
        newest = store.references.newest()
        assert newest is not None
        assert check_references(store) == (2, 1)
        assert newest.manifest.point_count == 3 * 500
        assert {image.state.value for image in store.images()} == {"placed"}
        check_images(store)
        store.close()
        if not is_cut:
            assert steps > 40
            return
    pytest.fail("the jobs never came to their end")


def _run_all(store: Store) -> None:
    while store.next_job() is not None:
        run_job(store)
