"""Which pages of other origins may read our answers? Those of `viewer.allowed_origins`, by CORS headers (Fetch standard).

No answer depends on a cookie: an account is named by a header that a page sets itself. So a page on the list can do what
its visitor's own program could do, and every other page reads nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}


@dataclass(frozen=True, slots=True)
class CrossOrigin:
    """The origins of other pages that use this server."""

    origins: Sequence[str]

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer to a browser that asks before it sends a request; None: this is no such question."""
        is_asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        return web.Response(status=204, headers=_PREFLIGHT) if is_asked and self._allows(request) else None

    async def prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the page of the request read the response, when its origin is on the list."""
        if not self.origins:
            return
        response.headers["Vary"] = ", ".join(filter(None, [response.headers.get("Vary"), "Origin"]))
        if self._allows(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]

    def _allows(self, request: web.Request) -> bool:
        return request.headers.get("Origin", "").lower() in self.origins
