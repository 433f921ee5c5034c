import stat
from pathlib import Path

import pytest

from edge_agent.control import machine


def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, output: str) -> None:
    """Puts a program on PATH that prints this."""
    program = tmp_path / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{output}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_a_pi_tells_temperature_and_throttling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "temp").write_text("48312\n")
    monkeypatch.setattr(machine, "THERMAL_ZONE", tmp_path / "temp")
    install(monkeypatch, tmp_path, "vcgencmd", "throttled=0x50005")
    state = machine.read_state()
    assert state.temperature_deg == pytest.approx(48.312)
    assert state.is_throttled is True
    assert state.memory_bytes > 1_000_000


def test_throttling_of_the_past_is_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "vcgencmd", "throttled=0x50000")
    assert machine.read_state().is_throttled is False


def test_what_cannot_be_known_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "THERMAL_ZONE", tmp_path / "nowhere")
    monkeypatch.setattr(machine, "CLOCK_FLAG", tmp_path / "nowhere")
    monkeypatch.setenv("PATH", str(tmp_path))
    state = machine.read_state()
    assert (state.temperature_deg, state.is_throttled, state.is_clock_synchronised) == (None, None, None)


@pytest.mark.parametrize(("answer", "is_synchronised"), [("yes", True), ("no", False)])
def test_the_service_manager_knows_whether_the_clock_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, is_synchronised: bool
) -> None:
    monkeypatch.setattr(machine, "CLOCK_FLAG", tmp_path / "nowhere")
    install(monkeypatch, tmp_path, "timedatectl", answer)
    assert machine.read_state().is_clock_synchronised is is_synchronised


def test_the_machine_is_described_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    monkeypatch.setattr(machine, "MODEL_FILE", tmp_path / "model")
    assert machine.describe().startswith("Raspberry Pi 5 Model B Rev 1.0, Linux ")
    assert "\n" not in machine.describe()
