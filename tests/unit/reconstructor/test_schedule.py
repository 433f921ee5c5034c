"""What follows on an image, from numbers alone."""

import pytest

from reconstructor.schedule import Job, JobKind, JobState, is_refetch_due, jobs_on_image, next_job, superseded


def job(number: int, image_number: int, kind: JobKind = JobKind.ADD, state: JobState = JobState.QUEUED) -> Job:
    return Job(number=number, image_number=image_number, kind=kind, state=state)


def test_every_tenth_image_is_added_like_any_other_and_then_refetched() -> None:
    kinds = {number: jobs_on_image(number, 10) for number in range(1, 31)}
    assert [number for number, each in kinds.items() if JobKind.REFETCH in each] == [10, 20, 30]
    assert kinds[10] == (JobKind.ADD, JobKind.REFETCH)
    assert kinds[11] == (JobKind.ADD,)


def test_an_interval_of_one_refetches_on_every_image() -> None:
    assert jobs_on_image(1, 1) == (JobKind.ADD, JobKind.REFETCH)


@pytest.mark.parametrize(("image_number", "refetch_every"), [(0, 10), (-1, 10), (1, 0)])
def test_numbers_below_one_are_refused_in_words(image_number: int, refetch_every: int) -> None:
    with pytest.raises(ValueError, match="count from 1"):
        jobs_on_image(image_number, refetch_every)


def test_what_is_stored_is_published_before_anything_runs() -> None:
    stored, running = job(2, 2, state=JobState.STORED), job(1, 1, state=JobState.RUNNING)
    assert next_job((running, job(3, 3), stored)) == stored
    assert next_job((job(3, 3), running)) == running


def test_an_asked_for_refetch_waits_for_the_images_that_came_before_it() -> None:
    asked = job(9, 4, JobKind.REFETCH)
    jobs = (job(7, 3), job(8, 4), asked, job(10, 5))
    assert [each.number for each in _in_order(jobs)] == [7, 8, 9, 10]


def test_jobs_that_are_over_are_not_run_again() -> None:
    assert next_job((job(1, 1, state=JobState.DONE), job(2, 2, state=JobState.FAILED))) is None


def test_a_second_refetch_is_due_only_when_the_first_has_begun() -> None:
    assert is_refetch_due((job(1, 1, JobKind.REFETCH),))
    assert not is_refetch_due((job(1, 1, JobKind.REFETCH, JobState.RUNNING), job(2, 2)))


def test_a_lane_of_images_goes_on_past_a_refetch() -> None:
    jobs = (job(1, 10, JobKind.REFETCH, JobState.RUNNING), job(2, 11), job(3, 12))
    assert next_job(jobs, (JobKind.ADD,)) == jobs[1]
    assert next_job(jobs, (JobKind.REFETCH,)) == jobs[0]


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_lane_of_refetches_waits_for_the_images_up_to_its_own(state: JobState) -> None:
    refetch = job(2, 10, JobKind.REFETCH)
    assert next_job((job(1, 10, state=state), refetch), (JobKind.REFETCH,)) is None
    assert next_job((job(1, 10, state=JobState.STORED), refetch), (JobKind.REFETCH,)) == refetch
    assert next_job((refetch, job(3, 11, state=state)), (JobKind.REFETCH,)) == refetch


def test_of_refetches_that_came_due_while_one_ran_only_the_newest_that_may_begin_is_made() -> None:
    first, second, third = (job(number, number, JobKind.REFETCH) for number in (10, 20, 30))
    waiting_for = job(31, 25)
    assert superseded((first, second, third, waiting_for)) == (first,)
    assert superseded((first, second, third)) == (first, second)
    running = job(5, 5, JobKind.REFETCH, JobState.RUNNING)
    assert superseded((running, third)) == ()
    assert superseded((job(1, 1), job(2, 2))) == ()


def _in_order(jobs: tuple[Job, ...]) -> list[Job]:
    found = []
    while (following := next_job(jobs)) is not None:
        found.append(following)
        jobs = tuple(each for each in jobs if each != following)
    return found
