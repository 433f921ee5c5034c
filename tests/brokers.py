"""A Mosquitto with other limits than ours: small packets, little memory, no retained messages."""

from dataclasses import replace
from typing import Any

import psutil
import pytest

from broker import mosquitto


def set_directives(monkeypatch: pytest.MonkeyPatch, **directives: Any) -> None:
    """Change lines of the conf that the next start of a broker writes."""
    changed = {name: str(value).lower() for name, value in directives.items()}
    lines = [replace(line, value=changed.pop(line.directive, line.value)) for line in mosquitto.LIMITS]
    lines += [mosquitto.Line(directive=name, value=value, reason="for a test") for name, value in changed.items()]
    monkeypatch.setattr(mosquitto, "LIMITS", tuple(lines))


def set_memory(monkeypatch: pytest.MonkeyPatch, limit_bytes: int) -> None:
    """Change the memory_limit of the next start."""
    # Rounded down to whole bytes, it may be one less.
    monkeypatch.setattr(mosquitto, "_MEMORY_RATIO", limit_bytes / psutil.virtual_memory().total)
