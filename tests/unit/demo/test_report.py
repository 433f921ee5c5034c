"""What a demo reports."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from broker.contract import match
from broker.live import LiveMessage
from broker.messages import ReconstructorStatistics, UploadAcknowledged
from broker.percentiles import percentile
from broker.rig_messages import AgentHealth
from broker.topics import TopicSpace
from demo.progress import DemoProgress
from demo.report import Report


def health(captured: int) -> AgentHealth:
    counts = dict.fromkeys(
        (
            "kept_count",
            "dropped_count",
            "sent_count",
            "stored_count",
            "rejected_count",
            "spool_count",
            "spool_bytes",
            "disk_free_bytes",
            "memory_bytes",
            "reconnect_count",
        ),
        0,
    )
    return AgentHealth(project="demo", agent="rig-demo", captured_count=captured, **counts)


def statistics(**counts: int) -> ReconstructorStatistics:
    names = ("stored", "placed", "waiting", "rejected", "queued", "error", "shard", "point")
    values = {f"{name}_count": counts.get(name, 0) for name in names}
    return ReconstructorStatistics(
        project="demo", retained_bytes=0, disk_free_bytes=0, memory_bytes=0, uptime_s=1.0, **values
    )


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_percentile_is_one_of_the_values_and_grows_with_the_share(values: list[float], ratio: float) -> None:
    value = percentile(values, ratio)
    assert value in values
    assert percentile(values, 0) == min(values)
    assert percentile(values, 1) == max(values)


def test_without_measurements_there_is_no_percentile() -> None:
    assert percentile([], 0.5) is None


def test_demo_is_complete_only_when_every_photograph_is_stored_and_none_refused() -> None:
    assert not Report.build(DemoProgress(), restarts=0).is_complete
    assert Report.build(DemoProgress(health=health(3), statistics=statistics(stored=3)), restarts=0).is_complete
    assert not Report.build(DemoProgress(health=health(3), statistics=statistics(stored=2)), restarts=0).is_complete
    refused = DemoProgress(health=health(3), statistics=statistics(stored=3, rejected=1))
    assert not Report.build(refused, restarts=0).is_complete
    assert Report.build(refused, restarts=0).verdict == "1 photograph was refused"


def receipt(status: str) -> LiveMessage:
    message = UploadAcknowledged(project="demo", image_name="x", status=status)
    return LiveMessage(topic="cairn/v1/demo/receipt/visitor/x", payload=message.encode(), is_retained=False)


def test_a_file_of_somebody_else_does_not_decide_whether_the_rigs_photographs_are_through() -> None:
    progress = DemoProgress(health=health(11), statistics=statistics(stored=11, rejected=1))
    message = receipt("rejected")
    progress.take(message, match(TopicSpace(), message.topic))
    report = Report.build(progress, restarts=0)
    assert report.is_complete
    assert report.verdict == "all 11 are through; 1 file of others was refused"
    stored = receipt("stored")
    progress.take(stored, match(TopicSpace(), stored.topic))
    missing = Report.build(progress, restarts=0)  # the eleventh that is stored is not the rig's
    assert not missing.is_complete
    assert missing.verdict.startswith("10 of 11 photographs are through")


def test_project_is_settled_when_nothing_is_queued_and_something_was_stored() -> None:
    assert not DemoProgress().is_settled
    assert not DemoProgress(statistics=statistics(queued=0)).is_settled
    assert not DemoProgress(statistics=statistics(stored=2, queued=1)).is_settled
    assert DemoProgress(statistics=statistics(stored=2)).is_settled


def test_what_was_said_before_an_instant_does_not_settle_a_project_since_then() -> None:
    said = statistics(stored=2)
    progress = DemoProgress(statistics=said)
    assert progress.is_settled_since(said.sent_at)
    assert not progress.is_settled_since(said.sent_at + timedelta(milliseconds=1))
    assert not DemoProgress(statistics=statistics(stored=2, queued=1)).is_settled_since(said.sent_at)
