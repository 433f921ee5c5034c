"""What may a browser do with what we send? The security headers of every answer; no `unsafe-*` anywhere."""

from typing import Final
from urllib.parse import urlsplit

from viewer.network.hosts import is_host

_FIXED: Final = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# Browsers ignore it over plain http from another machine, with an error on the console.
_SECURE: Final = {"Cross-Origin-Opener-Policy": "same-origin"}


def security_headers(host: str, mqtt_url: str, *, is_secure: bool) -> dict[str, str]:
    """Headers for an answer to a request that was addressed to `host`, by https or not."""
    policy = {"Content-Security-Policy": content_security_policy(host, mqtt_url)}
    return _FIXED | policy | (_SECURE if is_secure else {})


def content_security_policy(host: str, mqtt_url: str) -> str:
    """Only this server, and the broker's own address when the settings make the page connect there.

    WebSockets of this host are named, for browsers in which 'self' does not cover them (Safari before 15.4). The host
    comes from the request, so it is used only when it can be nothing but a host.
    """
    sockets = [f"ws://{host}", f"wss://{host}"] if is_host(host) else []
    broker = urlsplit(mqtt_url)
    if broker.netloc:
        sockets.append(f"{broker.scheme}://{broker.netloc}")
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": "'self' blob: data:",
        "media-src": "'self' blob:",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "connect-src": " ".join(["'self'", *sockets]),
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())
