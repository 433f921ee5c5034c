"""What can Prometheus watch? The retained statistics of each project, and the relay's own counts, as its text format."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from broker.messages import ReconstructorStatistics
from viewer.relay import Relay
from viewer.status import Board, ProjectStatus

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Family:
    """One metric of a project, by field of its statistics."""

    field: str
    name: str
    kind: str
    meaning: str


_FAMILIES: Final = (
    _Family("stored_count", "cairn_images_stored", "gauge", "Images safe on the reconstructor's disk."),
    _Family("preview_count", "cairn_images_preview_only", "gauge", "Images of which only the preview has come."),
    _Family("placed_count", "cairn_images_placed", "gauge", "Images whose camera is known."),
    _Family("waiting_count", "cairn_images_waiting", "gauge", "Images that do not fit yet."),
    _Family("rejected_count", "cairn_images_rejected", "gauge", "Images that will not be placed."),
    _Family("queued_count", "cairn_images_queued", "gauge", "Images that wait for the black box."),
    _Family("error_count", "cairn_errors_total", "counter", "Errors since the reconstructor's start."),
    _Family("generation", "cairn_generation", "gauge", "Current reference set."),
    _Family("shard_count", "cairn_shards", "gauge", "Shards of the present cloud."),
    _Family("point_count", "cairn_points", "gauge", "Points of the present cloud."),
    _Family("retained_bytes", "cairn_retained_bytes", "gauge", "Shard bytes retained by the broker."),
    _Family("disk_free_bytes", "cairn_disk_free_bytes", "gauge", "Free bytes on the reconstructor's disk."),
    _Family("memory_bytes", "cairn_memory_bytes", "gauge", "Resident memory of the reconstructor."),
    _Family("uptime_s", "cairn_uptime_seconds", "gauge", "Seconds since the reconstructor's start."),
    _Family("stored_to_shard_p50_s", "cairn_stored_to_shard_p50_seconds", "gauge", "Median, receipt to shard."),
    _Family("stored_to_shard_p95_s", "cairn_stored_to_shard_p95_seconds", "gauge", "95th percentile of the same."),
)


def render(statuses: Iterable[ProjectStatus], board: Board, relay: Relay) -> str:
    """The whole answer to one scrape."""
    return "\n".join([*_projects(list(statuses)), *_server(board, relay), ""])


def _projects(statuses: list[ProjectStatus]) -> Iterator[str]:
    known = [each.statistics for each in statuses if each.statistics is not None]
    for family in _FAMILIES:
        samples = list(_samples(family, known))
        if samples:
            yield from _head(family.name, family.kind, family.meaning)
            yield from samples
    yield from _head("cairn_reconstructor_up", "gauge", "Whether the reconstructor takes images.")
    for status in statuses:
        yield f'cairn_reconstructor_up{{project="{status.project}"}} {int(status.reconstructor == "ready")}'
    yield from _head("cairn_reconstructor_trouble", "gauge", "Codes of what keeps the reconstructor from its work.")
    for status in statuses:
        if status.code is not None:
            yield f'cairn_reconstructor_trouble{{project="{status.project}",code="{status.code}"}} 1'


def _samples(family: _Family, known: Iterable[ReconstructorStatistics]) -> Iterator[str]:
    for statistics in known:
        value = getattr(statistics, family.field)
        if value is not None:
            yield f'{family.name}{{project="{statistics.project}"}} {value}'


def _server(board: Board, relay: Relay) -> Iterator[str]:
    yield from _head("cairn_broker_connected", "gauge", "Whether the page server reaches the broker.")
    yield f"cairn_broker_connected {int(board.is_connected)}"
    yield from _head("cairn_relay_connections", "gauge", "Browsers connected through the relay.")
    yield f"cairn_relay_connections {relay.connection_count}"
    yield from _head("cairn_relay_bytes_total", "counter", "MQTT bytes carried by the relay.")
    yield f'cairn_relay_bytes_total{{towards="broker"}} {relay.traffic.to_broker_bytes}'
    yield f'cairn_relay_bytes_total{{towards="browser"}} {relay.traffic.to_browser_bytes}'


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
