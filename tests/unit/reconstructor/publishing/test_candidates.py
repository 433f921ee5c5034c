"""Of two claims, does the right one win, whatever the order in which they are seen?"""

from dataclasses import replace
from itertools import permutations

import pytest

from broker.messages import ReconstructorPresence, ReconstructorState
from reconstructor.publishing.candidates import Candidate, Seen
from reconstructor.storage.identity import Run
from reconstructor.storage.reference_set import NOBODY

OURS, THEIRS = "5" * 16, "a" * 16
RUN = Run(store_id=OURS, epoch=7, boot_id="m")
OTHER = Candidate(store_id=THEIRS, epoch=7, boot_id="x")
OWN = Candidate(store_id=OURS, epoch=7, boot_id="m")


def test_a_project_that_nobody_claimed_is_free() -> None:
    assert Seen().obstacle(RUN, has_cloud=False) is None
    assert Seen().is_free


@pytest.mark.parametrize(
    ("manifest", "state", "has_cloud", "is_refused"),
    [
        (OTHER, None, True, True),
        (OTHER, OWN, True, True),  # the manifest decides
        (None, OTHER, True, True),
        (OWN, OTHER, False, False),
        (OWN, replace(OWN, boot_id="a", epoch=6), False, False),  # our own earlier run
        (replace(OWN, epoch=8), None, True, True),  # a copy of our store has gone on
        (OWN, replace(OWN, boot_id="z"), True, True),  # and one that began with us
        (replace(OTHER, store_id=NOBODY), None, True, False),
        (replace(OTHER, store_id=NOBODY), None, False, True),  # an empty folder never replaces a cloud
        (None, OWN, False, False),
    ],
)
def test_at_its_start_a_store_stays_out_of_what_is_not_its_own(
    manifest: Candidate | None, state: Candidate | None, *, has_cloud: bool, is_refused: bool
) -> None:
    seen = Seen(manifest=manifest, state=state)
    assert (seen.obstacle(RUN, has_cloud=has_cloud) is not None) is is_refused


@pytest.mark.parametrize(
    ("manifest", "state", "has_cloud", "is_higher"),
    [
        (None, OTHER, False, True),  # the same epoch: the store's name decides
        (None, replace(OTHER, epoch=6), False, False),
        (None, replace(OTHER, epoch=9), True, False),  # we have a cloud, it has none
        (None, replace(OTHER, epoch=3, has_cloud=True), False, True),
        (OWN, replace(OTHER, epoch=9), False, False),  # the retained manifest is ours
        (replace(OTHER, epoch=8), None, True, True),  # adopted
        (replace(OTHER, epoch=6), None, True, False),  # stale
        (OWN, OWN, True, False),
        (OWN, replace(OWN, epoch=8, boot_id="z"), True, True),
        (OWN, replace(OWN, epoch=6, boot_id="z"), True, False),
    ],
)
def test_a_running_store_steps_back_before_a_higher_claim_only(
    manifest: Candidate | None, state: Candidate | None, *, has_cloud: bool, is_higher: bool
) -> None:
    seen = Seen(manifest=manifest, state=state)
    assert (seen.higher(RUN, has_cloud=has_cloud) is not None) is is_higher


def test_of_any_two_claims_exactly_one_is_higher() -> None:
    claims = [
        (Run(store_id=store_id, epoch=epoch, boot_id=boot_id), has_cloud)
        for store_id in (OURS, THEIRS)
        for epoch in (1, 2)
        for boot_id in ("a", "b")
        for has_cloud in (False, True)
    ]
    for (first, first_cloud), (second, second_cloud) in permutations(claims, 2):
        if first.boot_id == second.boot_id or (first.store_id == second.store_id and first_cloud is not second_cloud):
            continue  # one run, or copies of one folder that differ only in what they hold
        before_second = Seen(state=claim_of(second, second_cloud)).higher(first, has_cloud=first_cloud)
        before_first = Seen(state=claim_of(first, first_cloud)).higher(second, has_cloud=second_cloud)
        assert (before_second is None) is not (before_first is None)


def claim_of(run: Run, has_cloud: bool) -> Candidate:
    return Candidate(store_id=run.store_id, epoch=run.epoch, boot_id=run.boot_id, has_cloud=has_cloud)


def test_who_it_is_stands_in_words() -> None:
    state = ReconstructorState.model_validate(
        {
            "project": "chapel",
            "sent_at": "2026-11-27T09:30:00Z",
            "presence": ReconstructorPresence.READY,
            "boot_id": "b",
            "store_id": THEIRS,
            "epoch": 3,
            "host": "shed",
        }
    )
    candidate = Candidate.of_state(state)
    assert str(candidate) == f"store {THEIRS} on shed (epoch 3, ready at 2026-11-27 09:30:00 UTC)"
    assert Candidate.of_state(state.model_copy(update={"store_id": None})) is None
    assert Candidate.of_manifest(b"rotten").is_nobody
    assert Seen(manifest=replace(OTHER, epoch=3), state=candidate).obstacle(RUN, has_cloud=True) is candidate
