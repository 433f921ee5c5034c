"""Caddy and nginx with our snippets, changed only where they name ports, files and addresses."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from admin.certificates import TlsFiles

NAME = "cairn.example.org"
SNIPPETS = Path(__file__).parents[3] / "deploy" / "proxy"


def program(name: str) -> str:
    """Where a proxy is; `deploy/setup.sh dev` puts it beside Python."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin"])
    found = shutil.which(name, path=path)
    assert found is not None, f"{name} is missing: run `deploy/setup.sh dev`"
    return found


def changed(text: str, changes: dict[str, str]) -> str:
    """A snippet with other ports and files; each of them must be in it."""
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


@contextmanager
def nginx(folder: Path, port: int, page_port: int, tls: TlsFiles) -> Iterator[None]:
    """Nginx with our snippet."""
    snippet = changed(
        (SNIPPETS / "nginx.conf").read_text(),
        {
            "listen 80;": f"listen unix:{folder}/plain.sock;",
            "    listen [::]:80;\n": "",
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "    listen [::]:443 ssl;\n": "",
            "127.0.0.1:8080": f"127.0.0.1:{page_port}",
            f"/etc/letsencrypt/live/{NAME}/fullchain.pem": str(tls.certificate),
            f"/etc/letsencrypt/live/{NAME}/privkey.pem": str(tls.key),
        },
    )
    (folder / "cairn.conf").write_text(snippet)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    http = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    head = f"daemon off; pid {folder}/nginx.pid; error_log stderr; events {{}}"
    (folder / "nginx.conf").write_text(f"{head} http {{ access_log off; {http} include {folder}/cairn.conf; }}")
    words = [program("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    subprocess.run([*words, "-t"], check=True, capture_output=True)
    with running(words, folder, port):
        yield


@contextmanager
def caddy(folder: Path, port: int, page_port: int, tls: TlsFiles) -> Iterator[None]:
    """Caddy with our snippet."""
    snippet = changed(
        (SNIPPETS / "Caddyfile").read_text(),
        {
            "{\n\tservers": "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers",
            f"{NAME} {{\n": f"https://{NAME}:{port} {{\n\ttls {tls.certificate} {tls.key}\n",
            "127.0.0.1:8080": f"127.0.0.1:{page_port}",
        },
    )
    (folder / "Caddyfile").write_text(snippet)
    words = [program("caddy"), "run", "--config", str(folder / "Caddyfile")]
    with running(words, folder, port):
        yield


@contextmanager
def running(words: Sequence[str], folder: Path, port: int) -> Iterator[None]:
    """A proxy until the block ends."""
    log = folder / "proxy.log"
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out, env=os.environ | {"HOME": str(folder)})
    try:
        deadline = time.monotonic() + 15
        while not listens(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(60)


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
