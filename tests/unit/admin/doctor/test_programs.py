"""A reconstructor that takes nothing and a rig that is away are found with their reason."""

from datetime import timedelta

from admin.doctor.findings import Level
from admin.doctor.programs import check_rigs, judge_state
from admin.facts import ProjectFacts
from tests.project_facts import CHAPEL, NOW, health, project


def test_a_ready_reconstructor_has_nothing_to_tell() -> None:
    assert judge_state(project(), "start it") is None


def test_each_state_that_takes_no_images_is_told() -> None:
    absent = judge_state(ProjectFacts(project=CHAPEL), "start it")
    offline = judge_state(project(reconstructor="offline"), "start it")
    full = judge_state(project(reconstructor="disk_full", code="disk_full", reason="3 MiB free"), "start it")
    paused = judge_state(project(reconstructor="paused"), "start it")
    failing = judge_state(project(code="black_box_failed", reason="it ended"), "start it")
    assert absent == offline
    assert offline is not None
    assert (offline.level, offline.found, offline.advice) == (Level.FAULT, "chapel has no reconstructor", "start it")
    assert full is not None
    assert full.found == "chapel takes no images, its disk is full: 3 MiB free"
    assert paused is not None
    assert (paused.level, paused.found) == (Level.WARNING, "chapel is paused")
    assert failing is not None
    assert failing.found == "chapel is ready: it ended"


def test_rigs_are_told_with_spool_and_last_sight() -> None:
    (there,) = check_rigs([project("online", health(spool_count=3))], NOW)
    assert there.found == "rig-1 in chapel: online, 3 photographs waiting, last seen 10 s ago"
    (away,) = check_rigs([project("offline", health(timedelta(hours=5)))], NOW)
    assert away.level is Level.WARNING
    assert away.found == "rig-1 in chapel: offline, nothing waiting, last seen 5 h ago"
    (ill,) = check_rigs([project("online", health(alarms=("spool_full",)))], NOW)
    assert (ill.level, ill.found.endswith("it complains of spool_full")) == (Level.WARNING, True)
    (none,) = check_rigs([ProjectFacts(project=CHAPEL)], NOW)
    assert (none.level, "cairn invite rig-1" in none.found) == (Level.OK, True)
