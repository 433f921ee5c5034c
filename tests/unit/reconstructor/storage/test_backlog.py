"""Does a store know since when an image waits, and when something was done last?"""

from datetime import datetime
from pathlib import Path

from reconstructor.schedule import JobKind
from reconstructor.storage.store import Change, Store
from tests.unit.reconstructor.storage.new_images import add


def time_of(when: datetime | None) -> float:
    return 0.0 if when is None else when.timestamp()


def test_the_oldest_waiting_image_and_the_newest_ended_job_are_known(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=2)
    backlog = store.backlog
    assert (backlog.queued_since(), backlog.processed_at(), backlog.refetch_s()) == (None, None, None)
    first, second = add(store, 2)
    assert time_of(backlog.queued_since()) == first.stored_at
    ended = []
    while (job := store.next_job()) is not None:
        store.start(job)
        store.commit(job, Change(states={}))
        store.finish(job)
        ended.append((job.kind, time_of(backlog.queued_since())))
        assert time_of(backlog.processed_at()) >= second.stored_at
    assert (ended[0], ended[-1]) == ((JobKind.ADD, second.stored_at), (JobKind.REFETCH, 0.0))
    assert backlog.refetch_s() is not None
    store.close()
