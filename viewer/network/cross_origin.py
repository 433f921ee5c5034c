"""Which pages of other origins may read our answers, and change anything? Those of `viewer.allowed_origins`, by CORS.

There is no cookie, but a browser adds a login that was once typed into its own window to every later request, also to one
that a form of a strange page sends. So a request that changes something is looked at for the page that it comes from.

Source: Fetch standard (CORS protocol, `Origin` header).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from viewer.network.hosts import is_allowed_origin

_CHANGES_NOTHING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
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

    def check(self, request: web.Request) -> None:
        """Whether the page that a request comes from may change something; a request of no page may.

        Raises:
            web.HTTPForbidden: it may not.
        """
        origin = request.headers.get("Origin")
        if request.method in _CHANGES_NOTHING or origin is None:
            return
        if not is_allowed_origin(origin, request.host, self.origins, is_secure=request.secure):
            raise web.HTTPForbidden(
                text=f"pages of {origin[:200]} may change nothing here: see viewer.allowed_origins\n"
            )

    async def prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the page of the request read the response, when its origin is on the list."""
        if not self.origins:
            return
        response.headers["Vary"] = ", ".join(filter(None, [response.headers.get("Vary"), "Origin"]))
        if self._allows(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]

    def _allows(self, request: web.Request) -> bool:
        return request.headers.get("Origin", "").lower() in self.origins
