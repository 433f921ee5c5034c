"""What can Prometheus watch? How the projects and their rigs stand, by the broker's facts, and the page server itself.

A reconstructor that is away still has its store; its memory and its waiting times are left out then.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from broker.messages import ReconstructorPresence, ReconstructorStatistics
from broker.rig_messages import AgentHealth, AgentPresence
from viewer.metrics.broker_figures import BrokerFigures
from viewer.relay import Relay
from viewer.status import AgentStatus, Board, ProjectStatus, is_served

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PER_RIG: Final = ("project", "agent")

_STORED: Final = {  # what the store holds, by field of the statistics
    "stored_count": ("cairn_images_stored", "Images safe on the reconstructor's disk."),
    "preview_count": ("cairn_images_preview_only", "Images of which only the preview has come."),
    "placed_count": ("cairn_images_placed", "Images whose camera is known."),
    "waiting_count": ("cairn_images_waiting", "Images that do not fit yet."),
    "rejected_count": ("cairn_images_rejected", "Images that will not be placed."),
    "queued_count": ("cairn_images_queued", "Jobs that wait for the black box."),
    "error_count": ("cairn_errors_total", "Errors since the project's store began."),
    "generation": ("cairn_generation", "Current reference set."),
    "shard_count": ("cairn_shards", "Shards of the present cloud."),
    "point_count": ("cairn_points", "Points of the present cloud."),
    "retained_bytes": ("cairn_retained_bytes", "Shard bytes retained by the broker."),
    "refetch_s": ("cairn_refetch_seconds", "How long the last refetch took."),
}
_PRESENT: Final = {  # what only a reconstructor that is there can say
    "disk_free_bytes": ("cairn_disk_free_bytes", "Free bytes on the reconstructor's disk."),
    "memory_bytes": ("cairn_black_box_memory_bytes", "Resident memory of the project's black box."),
    "uptime_s": ("cairn_uptime_seconds", "Seconds since the reconstructor's start."),
    "stored_to_shard_p50_s": ("cairn_stored_to_shard_p50_seconds", "Median, receipt to shard."),
    "stored_to_shard_p95_s": ("cairn_stored_to_shard_p95_seconds", "95th percentile of the same."),
}
_RIG: Final = {
    "spool_count": ("cairn_rig_spool_images", "Photographs on the rig that are not safe yet."),
    "spool_bytes": ("cairn_rig_spool_bytes", "Their bytes."),
    "spool_oldest_s": ("cairn_rig_spool_oldest_seconds", "Age of the oldest of them."),
    "disk_free_bytes": ("cairn_rig_disk_free_bytes", "Free bytes on the rig's card."),
    "memory_bytes": ("cairn_rig_memory_bytes", "Resident memory of the rig's program."),
    "temperature_deg": ("cairn_rig_temperature_celsius", "Temperature of the rig's processor."),
    "battery_ratio": ("cairn_rig_battery_ratio", "Charge of the rig's battery, 0 to 1."),
    "captured_count": ("cairn_rig_captured_total", "Photographs taken since the program's start."),
    "dropped_count": ("cairn_rig_dropped_total", "Photographs that could not be kept."),
    "reconnect_count": ("cairn_rig_reconnects_total", "How often the rig lost the broker."),
    "receipt_s": ("cairn_rig_receipt_seconds", "From a photograph's sending to its receipt."),
}

_BROKER: Final = {  # of `$SYS`; left out where the login that asks may not read it
    "client_count": ("cairn_broker_clients", "Clients that are connected to the broker."),
    "dropped_count": ("cairn_broker_messages_dropped_total", "Messages that the broker threw away."),
    "received_count": ("cairn_broker_messages_received_total", "Messages that the broker received."),
    "sent_count": ("cairn_broker_messages_sent_total", "Messages that the broker sent."),
    "received_bytes": ("cairn_broker_received_bytes_total", "Bytes that the broker received."),
    "sent_bytes": ("cairn_broker_sent_bytes_total", "Bytes that the broker sent."),
    "retained_count": ("cairn_broker_retained_messages", "Messages that the broker retains."),
    "kept_bytes": ("cairn_broker_kept_bytes", "Payload that the broker keeps."),
    "heap_bytes": ("cairn_broker_heap_bytes", "Memory that the broker has taken."),
}


def render(statuses: Iterable[ProjectStatus], board: Board, relay: Relay, broker: BrokerFigures) -> bytes:
    """The whole answer to one scrape."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Facts(list(statuses), board, relay, broker))
    return generate_latest(registry)


class _Facts(Collector):
    """All metrics of ours, at one moment."""

    def __init__(self, statuses: list[ProjectStatus], board: Board, relay: Relay, broker: BrokerFigures) -> None:
        self._statuses, self._board, self._relay, self._broker = statuses, board, relay, broker

    def collect(self) -> Iterator[Metric]:
        """See the base class."""
        yield from self._of_projects()
        yield from self._of_rigs()
        yield from _families(_BROKER, (), [((), self._broker)])
        yield _gauge("cairn_broker_connected", "Whether the page server reaches the broker.", self._board.is_connected)
        yield _gauge("cairn_relay_connections", "Browsers connected through the relay.", self._relay.connection_count)
        carried = CounterMetricFamily("cairn_relay_bytes", "MQTT bytes carried by the relay.", labels=["towards"])
        carried.add_metric(["broker"], self._relay.traffic.to_broker_bytes)
        carried.add_metric(["browser"], self._relay.traffic.to_browser_bytes)
        yield carried

    def _of_projects(self) -> Iterator[Metric]:
        known = [(each.project, each.statistics) for each in self._statuses if each.statistics is not None]
        here = [(each.project, each.statistics) for each in self._statuses if each.statistics and is_served(each)]
        for fields, samples in ((_STORED, known), (_PRESENT, here)):
            yield from _families(fields, ("project",), [((project,), found) for project, found in samples])
        yield _ages(
            "cairn_backlog_seconds", "Age of the oldest image that waits for the black box.", here, _queued_since
        )
        yield _ages("cairn_since_processed_seconds", "Time since the newest job ended.", here, _processed_at)
        up = GaugeMetricFamily("cairn_reconstructor_up", "Whether the reconstructor takes images.", labels=["project"])
        trouble = GaugeMetricFamily(
            "cairn_reconstructor_trouble", "What keeps the reconstructor from its work.", labels=["project", "code"]
        )
        paused = GaugeMetricFamily("cairn_project_paused", "Whether a person paused the project.", labels=["project"])
        for each in self._statuses:
            paused.add_metric([each.project], each.reconstructor == ReconstructorPresence.PAUSED)
            up.add_metric([each.project], each.reconstructor == ReconstructorPresence.READY)
            if each.code is not None:
                trouble.add_metric([each.project, each.code], 1)
        yield up
        yield paused
        yield trouble

    def _of_rigs(self) -> Iterator[Metric]:
        rigs = [(status.project, agent) for status in self._statuses for agent in status.agents]
        up = GaugeMetricFamily("cairn_rig_up", "Whether the rig is connected.", labels=_PER_RIG)
        alarms = GaugeMetricFamily("cairn_rig_alarm", "What is wrong with the rig.", labels=[*_PER_RIG, "alarm"])
        for project, rig in rigs:
            up.add_metric([project, rig.agent], _is_connected(rig))
            for alarm in rig.health.alarms if rig.health is not None and _is_connected(rig) else ():
                alarms.add_metric([project, rig.agent, alarm], 1)
        yield up
        yield alarms
        told = [((project, rig.agent), rig.health) for project, rig in rigs if rig.health and _is_connected(rig)]
        yield from _families(_RIG, _PER_RIG, told)


def _families(
    fields: dict[str, tuple[str, str]],
    labels: tuple[str, ...],
    samples: Sequence[tuple[tuple[str, ...], ReconstructorStatistics | AgentHealth | BrokerFigures]],
) -> Iterator[Metric]:
    for field, (name, meaning) in fields.items():
        is_counter = name.endswith("_total")
        family = (CounterMetricFamily if is_counter else GaugeMetricFamily)(name, meaning, labels=labels)
        for values, message in samples:
            if (value := getattr(message, field)) is not None:
                family.add_metric(values, value)
        yield family


def _ages(
    name: str,
    meaning: str,
    known: Sequence[tuple[str, ReconstructorStatistics]],
    since: Callable[[ReconstructorStatistics], datetime | None],
) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=["project"])
    for project, statistics in known:
        if (begin := since(statistics)) is not None:
            family.add_metric([project], max(0.0, (datetime.now(UTC) - begin).total_seconds()))
    return family


def _queued_since(statistics: ReconstructorStatistics) -> datetime | None:
    return statistics.queued_since


def _processed_at(statistics: ReconstructorStatistics) -> datetime | None:
    return statistics.processed_at


def _gauge(name: str, meaning: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, meaning)
    family.add_metric([], value)
    return family


def _is_connected(rig: AgentStatus) -> bool:
    return rig.presence == AgentPresence.ONLINE
