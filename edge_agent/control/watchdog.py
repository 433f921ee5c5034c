"""How does systemd know that the agent is alive? By READY and WATCHDOG messages on its notify socket (sd_notify)."""

import asyncio
import contextlib
import os
import socket
from typing import Final

ABSTRACT: Final = "@"


def notify(message: str) -> bool:
    """Send one line to the service manager; whether it was sent."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    place = "\0" + address[1:] if address.startswith(ABSTRACT) else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(place)
        line.sendall(message.encode())
        return True
    return False


def interval_s() -> float | None:
    """Half of the time after which systemd restarts a silent agent, seconds; None without a watchdog."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    is_ours = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 2e6 if microseconds.isdecimal() and is_ours else None


async def notify_watchdog() -> None:
    """Send READY once, then WATCHDOG at an interval as long as the event loop runs."""
    notify("READY=1")
    pause_s = interval_s()
    while pause_s is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(pause_s)
