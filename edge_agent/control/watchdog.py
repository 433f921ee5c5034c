"""How does systemd know that the agent lives? READY, STATUS and WATCHDOG on its notify socket; elsewhere nothing."""

import asyncio
import contextlib
import os
import socket
from typing import Final

ABSTRACT: Final = "@"


def notify(message: str) -> bool:
    """Sends one line to the service manager; whether there is one."""
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
    """Half of the time after which systemd restarts a silent agent; None without a watchdog."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    is_ours = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 2e6 if microseconds.isdecimal() and is_ours else None


async def keep_awake() -> None:
    """Says READY, and then that the event loop still turns, for ever."""
    notify("READY=1")
    pause_s = interval_s()
    while pause_s is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(pause_s)
