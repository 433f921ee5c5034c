"""What does a stranger send to the page server's port? Small generators of raw HTTP requests."""

import base64
from collections.abc import Callable
from typing import Final

from tests.siege.black_boxes import CONTROLS

Generator = Callable[[], bytes]
PATHS: Final = {
    "dots": "/../../../../etc/passwd",
    "encoded-dots": "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "double-encoded": "/%252e%252e/%252e%252e/etc/passwd",
    "backslashes": "/..\\..\\..\\etc\\passwd",
    "double-slash": "//etc/passwd",
    "assets-dots": "/assets/../../../../etc/passwd",
    "nul": "/index.html%00.png",
    "git": "/.git/config",
    "settings": "/cairn.toml",
    "no-slash": "etc/passwd",
    "star": "*",
    "absolute-file": "file:///etc/passwd",
    "absolute-host": "http://evil.example/etc/passwd",
    "overlong-utf8": "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "project-dots": "/projects/../../etc/passwd/status",
    "project-encoded": "/projects/..%2f..%2fetc/cloud.ply",
    "project-markup": "/projects/<img%20src=x%20onerror=window.ran=1>/status",
    "project-controls": "/projects/%1b%5b31m%e2%80%ae/status",
    "200-kb": "/" + "a" * 200_000,
    "query-bomb": "/?" + "&".join(f"a{number}=1" for number in range(3_000)),
}
METHODS: Final = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 1_000)
OTHER_PROJECT: Final = ("/projects/castle/status", "/projects/castle/cloud.ply")


def http_requests() -> dict[str, Generator]:
    """Every raw request by name."""
    paths = {f"http-path-{name}": _bound(path) for name, path in PATHS.items()}
    methods = {f"http-method-{method[:10].lower()}": _bound("/projects", method=method) for method in METHODS}
    headers = {
        "http-big-header": _bound("/", headers=["X: " + "a" * 60_000]),
        "http-2000-headers": _bound("/", headers=[f"X{number}: 1" for number in range(2_000)]),
        "http-no-host": lambda: b"GET / HTTP/1.1\r\n\r\n",
        "http-evil-host": lambda: b"GET / HTTP/1.1\r\nHost: x; script-src *\r\nConnection: close\r\n\r\n",
        "http-controls-in-header": _bound("/", headers=[f"User-Agent: {CONTROLS}"]),
        "http-controls-in-path": f"GET /{CONTROLS} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode,
        "http-two-lengths": _bound("/", headers=["Content-Length: 5", "Content-Length: 6"]),
        "http-length-and-chunks": _bound("/", headers=["Content-Length: 5", "Transfer-Encoding: chunked"]),
        "http-length-negative": _bound("/", headers=["Content-Length: -1"]),
        "http-length-10-18": _bound("/", headers=[f"Content-Length: {10**18}"]),
        "http-chunk-bomb": lambda: _request("/", headers=["Transfer-Encoding: chunked"]) + b"ffffffffffffffff\r\nx",
        "http-split-header": lambda: b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\nSet-Cookie: b=c\r\n\r\n",
        "http-range-bomb": _bound("/", headers=["Range: bytes=" + ",".join(f"{n}-" for n in range(1_000))]),
        "http-encodings": _bound("/", headers=["Accept-Encoding: " + ",".join(["gzip;q=9e9"] * 1_000)]),
        "http-login-no-base64": _bound("/projects", headers=["Authorization: Basic \x80\x81"]),
        "http-login-60-kb": _bound("/projects", headers=["Authorization: Basic " + "QQ==" * 15_000]),
        "http-login-no-colon": _bound("/projects", headers=[_basic("mallory")]),
        "http-login-controls": _bound("/projects", headers=[_basic(f"{CONTROLS}:{CONTROLS}")]),
        "http-login-surrogate": _bound("/projects", headers=["Authorization: Basic 7aCA" + "Ong="]),
        "http-version-9": lambda: b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "http-half-line": lambda: b"GET / HT",
        "http-half-headers": lambda: b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
        "http-tls": lambda: bytes.fromhex("1603010200010001fc0303") + bytes(500),
        "http-binary": lambda: bytes(range(256)) * 16,
        "http-500-in-a-row": lambda: _request("/health", close=False) * 500,
    }
    return paths | methods | headers


def other_projects(user: str, password: str) -> dict[str, bytes]:
    """Requests of one project's account for what belongs to another."""
    login = _basic(f"{user}:{password}")
    return {f"http-other{path.replace('/', '-')}": _request(path, headers=[login]) for path in OTHER_PROJECT}


def _bound(path: str, *, method: str = "GET", headers: list[str] | None = None) -> Generator:
    return lambda: _request(path, method=method, headers=headers)


def _request(path: str, *, method: str = "GET", headers: list[str] | None = None, close: bool = True) -> bytes:
    ending = ["Connection: close"] if close else []
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *ending, *(headers or [])]
    return "\r\n".join([*lines, "", ""]).encode("utf-8")


def _basic(login: str) -> str:
    return f"Authorization: Basic {base64.b64encode(login.encode()).decode()}"
