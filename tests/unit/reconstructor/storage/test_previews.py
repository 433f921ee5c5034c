"""A preview first, then its original: one row, one number, one job, and no preview left beside its original."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.ids import ImageId, RequestId, SenderId
from reconstructor.schedule import Job, JobKind, JobState
from reconstructor.storage.image_rows import completing
from reconstructor.storage.images import ImageState, NewImage, StoredImage
from reconstructor.storage.store import Change, Store
from tests.photographs import image_id
from tests.unit.reconstructor.storage.new_images import new_image

SESSION = "walk"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=10)
    yield opened
    opened.close()


def original(number: int) -> bytes:
    return b"original %d" % number


def new_preview(number: int, sender: str = "rig-north", session: str = SESSION) -> NewImage:
    name = image_id(original(number), number, session)
    return replace(
        new_image(original(number), number),
        image_id=name,
        name=name,
        sender=SenderId(sender),
        sha256=None,
        suffix=".webp",
        content_type="image/webp",
    )


def add_preview(store: Store, number: int) -> StoredImage:
    image, is_new = store.add_preview(new_preview(number), b"preview %d" % number)
    assert is_new
    return image


def add_original(store: Store, number: int) -> StoredImage:
    image, is_taken = store.add_image(new_image(original(number), number), original(number))
    assert is_taken
    return image


def running(store: Store) -> Job:
    job = store.next_job()
    assert job is not None
    store.start(job)
    return job


def end(store: Store, job: Job, state: ImageState = ImageState.PLACED) -> None:
    image = store.image(job.image_number)
    store.commit(job, Change(states={str(image.image_id): state}))
    store.finish(job)


def files(store: Store) -> set[str]:
    return {path.name for path in store.previews.folder.iterdir()}


def drop_surplus(store: Store) -> int:
    surplus = store.previews.surplus()
    store.previews.drop(surplus)
    return len(surplus)


def test_an_original_takes_the_place_of_its_preview_and_no_number_or_job_is_new(store: Store) -> None:
    image = add_preview(store, 1)
    assert (image.number, image.has_original, store.path(image).read_bytes()) == (1, False, b"preview 1")
    end(store, running(store))
    completed = add_original(store, 1)
    assert (completed.number, completed.has_original, completed.state) == (1, True, ImageState.PLACED)
    assert (store.path(completed).read_bytes(), store.content(1)) == (original(1), original(1))
    assert store.next_job() is None
    assert store.image_count() == 1
    assert store.counts()["preview_count"] == 0


def test_a_preview_that_is_sent_again_keeps_its_number(store: Store) -> None:
    first = add_preview(store, 1)
    assert store.add_preview(new_preview(1), b"another preview") == (first, False)
    assert store.content(1) == b"preview 1"


def test_a_preview_of_a_stored_original_changes_nothing(store: Store) -> None:
    image = add_original(store, 1)
    assert store.add_preview(new_preview(1), b"preview 1") == (image, False)
    assert files(store) == set()


def test_an_original_under_another_id_completes_the_image_whose_preview_announced_it(store: Store) -> None:
    image = add_preview(store, 1)
    other = replace(new_image(original(1), 7), image_id=image_id(original(1), 7, "south"), sender=SenderId("rig-south"))
    completed, is_taken = store.add_image(other, original(1))
    assert (completed.number, completed.image_id, completed.sender, is_taken) == (1, image.image_id, "rig-north", True)
    assert store.add_image(new_image(original(1), 1), original(1)) == (completed, False)
    assert store.image_count() == 1


def test_what_the_preview_said_stays_unless_the_original_says_it_anew(store: Store) -> None:
    at = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
    preview = replace(new_preview(1), photographers_name="DSC_1.JPG", capture_id=RequestId("shot-1"), captured_at=at)
    store.add_preview(preview, b"preview 1")
    completed, _ = store.add_image(replace(new_image(original(1), 1), photographers_name="new.JPG"), original(1))
    assert (completed.photographers_name, completed.capture_id) == ("new.JPG", "shot-1")
    assert completed.captured_at == at.timestamp()


def test_a_time_that_no_clock_shows_in_the_row_of_a_preview_does_not_keep_its_original_out(store: Store) -> None:
    store.add_preview(new_preview(1), b"preview 1")
    (known,) = store.images()
    of_a_scan = replace(known, captured_at=-4e8)  # an older version took the date of a historic picture
    assert completing(of_a_scan, new_image(original(1), 1)).captured_at is None


def test_a_preview_stays_while_a_job_may_read_it_and_goes_after(store: Store) -> None:
    image = add_preview(store, 1)
    assert drop_surplus(store) == 0
    add_original(store, 1)
    assert drop_surplus(store) == 0, "its job is queued"
    job = running(store)
    assert drop_surplus(store) == 0
    assert store.previews.content(store.image(1)) == b"preview 1"
    end(store, job)
    assert (drop_surplus(store), drop_surplus(store)) == (1, 0)
    assert files(store) == set()
    assert store.previews.content(image) is None


def test_a_preview_is_kept_over_restarts_until_its_original_is_there(tmp_path: Path) -> None:
    for _ in range(2):
        store = Store(tmp_path / "chapel", refetch_every=10)
        if store.image_count() == 0:
            add_preview(store, 1)
        assert store.content(1) == b"preview 1"
        store.close()
    store = Store(tmp_path / "chapel", refetch_every=10)
    job = running(store)
    add_original(store, 1)
    store.close()
    store = Store(tmp_path / "chapel", refetch_every=10)
    again = store.next_job()
    assert again is not None
    assert (again.number, again.state) == (job.number, JobState.RUNNING)
    assert store.content(1) == original(1), "what a crash interrupted runs again on the original"
    end(store, again)
    assert drop_surplus(store) == 1
    assert files(store) == set()
    store.close()


def test_the_originals_of_images_that_wait_are_wanted_first_and_at_most_so_many_of_each_sender(store: Store) -> None:
    names: list[ImageId] = []
    for number in range(1, 5):
        names.append(add_preview(store, number).image_id)
        end(store, running(store), ImageState.WAITING if number == 3 else ImageState.PLACED)
    other, _ = store.add_preview(new_preview(9, "rig-south", "south"), b"preview 9")
    north, south = SenderId("rig-north"), SenderId("rig-south")
    assert store.previews.awaited(3) == {north: (names[2], names[0], names[1]), south: (other.image_id,)}
    add_original(store, 3)
    assert store.previews.awaited(64) == {north: (names[0], names[1], names[3]), south: (other.image_id,)}


def test_an_original_that_was_refused_is_no_longer_wanted_and_its_image_stays(store: Store) -> None:
    image = add_preview(store, 1)
    store.previews.note_refused(SenderId("rig-south"), image.image_id, "damaged_image")
    assert list(store.previews.awaited(64)) == [image.sender], "a stranger's word changes nothing"
    store.previews.note_refused(image.sender, image.image_id, "damaged_image")
    assert store.previews.awaited(64) == {}
    assert (store.image(1).refused_code, store.counts()["preview_count"]) == ("damaged_image", 1)
    assert store.content(1) == b"preview 1"
    assert add_original(store, 1).refused_code is None, "a good one may still come"


def test_previews_and_originals_count_with_their_bytes_towards_a_senders_quota(store: Store) -> None:
    add_preview(store, 1)
    add_preview(store, 2)
    add_original(store, 2)
    since = datetime.now(UTC) - timedelta(minutes=1)
    sizes = [len(b"preview 1"), len(original(2))]
    assert store.senders.stored_since(since) == [(SenderId("rig-north"), size) for size in sizes]
    assert store.senders.owner_of(SESSION) == "rig-north"


def test_every_image_brings_its_jobs_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=2)
    add_preview(store, 1)
    add_original(store, 2)
    add_original(store, 1)
    kinds = []
    while (job := store.next_job()) is not None:
        store.start(job)
        end(store, job)
        kinds.append((job.image_number, job.kind))
    assert kinds == [(1, JobKind.ADD), (2, JobKind.ADD), (2, JobKind.REFETCH)]
    store.close()


def test_an_original_that_needs_a_readable_copy_gets_it_in_the_place_of_its_preview(store: Store) -> None:
    add_preview(store, 1)
    sent = replace(new_image(original(1), 1), suffix=".heic", readable_suffix=".jpg", readable=b"copy")
    image, is_taken = store.add_image(sent, original(1))
    assert is_taken
    assert (store.path(image).suffix, store.path(image).read_bytes()) == (".jpg", b"copy")
    assert store.path(image).with_suffix(".heic").read_bytes() == original(1)
