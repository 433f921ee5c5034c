"""In which state is the machine? Temperature, battery, throttling, load, memory and clock; None where it cannot be known."""

import os
import platform
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

THERMAL_ZONE: Final = Path("/sys/class/thermal/thermal_zone0/temp")
MODEL_FILE: Final = Path("/proc/device-tree/model")
SERIAL_FILE: Final = Path("/proc/device-tree/serial-number")
BOOT_FILE: Final = Path("/proc/sys/kernel/random/boot_id")
CLOCK_FLAG: Final = Path("/run/systemd/timesync/synchronized")
THROTTLED_NOW_BITS: Final = 0xF  # vcgencmd: under-voltage, frequency capped, throttled, soft temperature limit
PROBE_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """The state of the machine at one instant."""

    memory_bytes: int
    load_ratio: float | None
    temperature_deg: float | None
    battery_ratio: float | None
    is_throttled: bool | None
    is_clock_synchronised: bool | None


def read_state() -> MachineState:
    """Read the machine's state; takes a few milliseconds, on a Pi up to a second."""
    return MachineState(
        memory_bytes=int(psutil.Process().memory_info().rss),
        load_ratio=os.getloadavg()[0] / (os.cpu_count() or 1),
        temperature_deg=_temperature_deg(),
        battery_ratio=_battery_ratio(),
        is_throttled=_is_throttled(),
        is_clock_synchronised=is_clock_synchronised(),
    )


def describe() -> str:
    """Describe the machine in one line."""
    model = _text(MODEL_FILE).strip("\0 ") or platform.machine()
    return f"{model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"[:256]


def boot_id() -> str:
    """The kernel's boot id, by which a rig without a clock can tell two boots apart."""
    return _text(BOOT_FILE).strip()[:64]


def hardware_id() -> str:
    """The serial number of the board, or else of its network card; empty when neither is known."""
    serial = _text(SERIAL_FILE).strip("\0 \n")
    if serial:
        return serial[:64]
    card = uuid.getnode()
    return "" if card >> 40 & 1 else f"{card:012x}"  # a multicast bit: Python made up a random number


def _temperature_deg() -> float | None:
    text = _text(THERMAL_ZONE).strip()
    return int(text) / 1000 if text.lstrip("-").isdecimal() else None


def _battery_ratio() -> float | None:
    """How full the battery is, 0 to 1, where the kernel knows one (`/sys/class/power_supply`)."""
    battery = psutil.sensors_battery()
    return None if battery is None else min(1.0, max(0.0, battery.percent / 100))


def _is_throttled() -> bool | None:
    """Ask the Raspberry Pi's firmware; None on other machines."""
    answer = _output("vcgencmd", "get_throttled").strip().removeprefix("throttled=0x")
    try:
        return bool(int(answer, 16) & THROTTLED_NOW_BITS)
    except ValueError:
        return None


def is_clock_synchronised() -> bool | None:
    """Whether a time server sets the system clock."""
    if CLOCK_FLAG.exists():
        return True
    answer = _output("timedatectl", "show", "--property=NTPSynchronized", "--value").strip()
    return {"yes": True, "no": False}.get(answer)


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PROBE_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
