"""Debian's nginx before a page server, with the server block of deploy/proxy/nginx.conf; started on a free port, ended by its id.

It speaks plain HTTP here: encrypting gigabytes would measure this machine's arithmetic.
"""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.parts.debian import root_of
from broker.errors import CairnError
from broker.mosquitto import free_port

SNIPPET: Final = Path(__file__).parents[2] / "deploy" / "proxy" / "nginx.conf"
_EXECUTABLE: Final = "usr/sbin/nginx"
_READY_TIMEOUT_S: Final = 10.0
_WITH_TLS: Final = re.compile(r"^ *(ssl_certificate|listen \[::\]).*\n", re.MULTILINE)
_TEMPORARY: Final = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class NginxError(CairnError):
    """nginx did not come up."""

    code = "nginx_failed"
    remedy = "Read its own words in the message."


def configuration(folder: Path, port: int, page_port: int) -> str:
    """The whole configuration; raises NginxError when the snippet is another than we know."""
    snippet = _WITH_TLS.sub("", SNIPPET.read_text(encoding="utf-8"))
    changes = {
        "listen 80;": f"listen unix:{folder}/plain.sock;",
        "listen 443 ssl;": f"listen 127.0.0.1:{port};",
        "http://127.0.0.1:8080": f"http://127.0.0.1:{page_port}",
    }
    for before, after in changes.items():
        if snippet.count(before) != 1:
            raise NginxError(f"{SNIPPET} has no line {before!r} any more")
        snippet = snippet.replace(before, after)
    paths = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in _TEMPORARY)
    return (
        f"daemon off; pid {folder}/nginx.pid; error_log stderr; worker_rlimit_nofile 16384;\n"
        f"{'user root;' if os.geteuid() == 0 else ''}\n"
        "events { worker_connections 8192; }\n"
        f"http {{ access_log off; {paths}\n{snippet}\n}}\n"
    )


@contextlib.contextmanager
def proxy(folder: Path, page_port: int) -> Iterator[int]:
    """Run nginx before the page server until the block ends; gives its port."""
    binary = root_of("nginx", _EXECUTABLE) / _EXECUTABLE
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    settings, log = folder / "nginx.conf", folder / "nginx.log"
    settings.write_text(configuration(folder, port, page_port), encoding="utf-8")
    with log.open("wb") as out:
        words = [str(binary), "-p", str(folder), "-e", "stderr", "-c", str(settings)]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        _wait_until_ready(process, folder / "nginx.pid", log)
        yield port
    finally:
        process.terminate()
        process.wait(_READY_TIMEOUT_S)


def _wait_until_ready(process: subprocess.Popen[bytes], pid: Path, log: Path) -> None:
    deadline_s = time.monotonic() + _READY_TIMEOUT_S
    while not pid.exists():
        if process.poll() is not None or time.monotonic() > deadline_s:
            lines = log.read_text(errors="replace").strip().splitlines()
            raise NginxError(f"nginx does not run: {lines[-1] if lines else 'it said nothing'}")
        time.sleep(0.02)
