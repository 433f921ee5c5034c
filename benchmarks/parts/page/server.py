"""How does a benchmark run the page server? As a process of its own, on a free port."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.parts.ejabberd import Ejabberd
from broker.mosquitto import Mosquitto


@contextlib.contextmanager
def page_server(broker: Mosquitto | Ejabberd, **settings: str) -> Iterator[str]:
    """A page server in a process of its own, with these settings; gives the relay's address."""
    connection = broker.connection("viewer")
    variables = {
        "CAIRN_VIEW_BROKER__PORT": str(connection.port),
        "CAIRN_VIEW_BROKER__USERNAME": "viewer",
        "CAIRN_VIEW_BROKER__PASSWORD": connection.secret() or "",
        "CAIRN_VIEW_PORT": "0",
        **{f"CAIRN_VIEW_{name.upper()}": value for name, value in settings.items()},
    }
    program = [sys.executable, "-m", "cairn", "view", "serve"]
    with subprocess.Popen(program, env=os.environ | variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            yield address.replace("http://", "ws://") + "mqtt"
        finally:
            process.terminate()
