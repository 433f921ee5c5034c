"""From which figures does `cairn ops plan` calculate? Those of `results.json`; `python -m benchmarks.parts.plan_figures` writes them."""

import json
from types import MappingProxyType
from typing import Final

from admin.ops.plan import MEASURED, Figure, Measured
from benchmarks.parts.results import BenchmarkError, Results, load

SOURCES: Final = MappingProxyType(
    {
        "points_per_image": "dense.points_per_image",
        "packed_bytes_per_point": "viewer.packed_bytes_per_point",
        "black_box_mb_per_image": "engine_latency.black_box_mb_per_image",
        "live_s": "engine_latency.live_p50_s",
        "black_box_mb": "engine_latency.peak_memory_mb",
        "index_kb_per_image": "index.index_kb_per_image",
        "fanout_mb_per_s": "fanout.mb_per_s",
    }
)


def measured_of(results: Results) -> Measured:
    """The figures; raises BenchmarkError when one was never measured."""
    return Measured.model_validate({name: _figure(results, source) for name, source in SOURCES.items()})


def text_of(measured: Measured) -> str:
    """The text of `measured.json`."""
    return json.dumps(measured.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def write(results: Results) -> None:
    """Write `measured.json`; raises BenchmarkError when a figure was never measured."""
    MEASURED.write_text(text_of(measured_of(results)), encoding="utf-8")


def _figure(results: Results, source: str) -> Figure:
    result, value = results.found(source)
    if not isinstance(value, (int, float)):
        raise BenchmarkError(f"{source} is no number: {value!r}")
    rounded = float(f"{value:.4g}")
    return Figure(value=rounded, source=source, measured_at=result.measured_at, machine=result.machine)


if __name__ == "__main__":
    write(load())
