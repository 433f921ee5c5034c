"""How is each benchmark run? In a short form, all of which together end within an hour, and in a full one."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from types import MappingProxyType
from typing import Final

ALL_SHORT_S: Final = 3600
FULL_LIMIT_S: Final = 4 * 3600


class Form(StrEnum):
    """How much is measured."""

    SHORT = "short"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One benchmark.

    Attributes:
        short: its options in the short form.
        full: its options in the full form.
        short_s: the longest that its short form may take; then it is ended and counts as failed.
        lacks: what this machine lacks for it; None when nothing.
    """

    short: tuple[str, ...] = ()
    full: tuple[str, ...] = ()
    short_s: int
    lacks: Callable[[], str | None] = lambda: None

    def options(self, form: Form) -> tuple[str, ...]:
        """Its options in a form."""
        return self.short if form is Form.SHORT else self.full

    def limit_s(self, form: Form) -> int:
        """The longest that it may take in a form, seconds."""
        return self.short_s if form is Form.SHORT else FULL_LIMIT_S


def _ray() -> str | None:
    return None if find_spec("ray") else "Ray is not installed; `make ray-test` installs and measures it"


SCRIPTS: Final = MappingProxyType(
    {
        "cameras": Script(short=("--kinds", "zoom_mm"), short_s=120),
        "components": Script(short_s=200),
        "coverage": Script(
            short=("--objects", "facade", "--seeds", "1", "--only", "holes", "--width", "408"),
            full=("--full",),
            short_s=300,
        ),
        "dense": Script(short=("facade", "--count", "6"), short_s=180),
        "engine_accuracy": Script(short=("--sets", "1"), short_s=480),
        "engine_latency": Script(short=("--count", "16"), full=("--count", "400"), short_s=240),
        "fanout": Script(short_s=60),
        "folds": Script(short=("--seeds", "1", "--only", "tower"), full=("--full",), short_s=320),
        "gpu": Script(short=("--width", "408", "--count", "3", "--cpu-count", "1"), short_s=60),
        "index": Script(short=("--images", "300"), short_s=90),
        "intake": Script(short_s=40),
        "late_joins": Script(short=("--joins", "100"), short_s=30),
        "links": Script(short=("--rates", "200"), short_s=240),
        "moved_project": Script(
            short=("--before", "20", "--after", "20", "--imported", "10"), full=("--imported", "20"), short_s=240
        ),
        "preview": Script(short=("--images", "3"), short_s=60),
        "projects": Script(
            short=("--idle", "20", "--seconds", "10", "--projects", "8", "--each", "5", "--images", "400"),
            full=("--engine",),
            short_s=200,
        ),
        "ray_cluster": Script(short=("--projects", "4"), short_s=120, lacks=_ray),
        "relay": Script(short_s=60),
        "slow_pull": Script(short=("--points", "40000"), short_s=60),
        "strangers": Script(short_s=240),
        "transport": Script(short=("--rounds", "2"), short_s=30),
        "viewer": Script(short_s=120),
    }
)
