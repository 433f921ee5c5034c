"""Is a refetch queued when the answer to a photograph asks for one, and not when a refetch does?"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.ids import ProjectId
from reconstructor.black_box import Update
from reconstructor.jobs.answer import Answer
from reconstructor.jobs.commit import plan_commit
from reconstructor.schedule import Job, JobKind, JobState
from reconstructor.storage.store import Store
from tests.unit.reconstructor.storage.new_images import add

PROJECT = ProjectId("chapel")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=10)
    add(opened, 1)
    yield opened
    opened.close()


@pytest.mark.parametrize(("kind", "wants"), [(JobKind.ADD, True), (JobKind.ADD, False), (JobKind.REFETCH, True)])
def test_only_the_answer_to_a_photograph_can_ask_for_a_refetch(store: Store, kind: JobKind, *, wants: bool) -> None:
    job = Job(number=1, image_number=1, kind=kind, state=JobState.RUNNING)
    answer = Answer(cloud=None, update=Update(wants_refetch=wants))
    change = plan_commit(job, answer, store, project=PROJECT).change
    assert change.wants_refetch is (wants and kind is JobKind.ADD)
