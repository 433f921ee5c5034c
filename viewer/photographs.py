"""How does the page get a whole photograph? The reconstructor is asked for it over MQTT, and the newest ones are kept."""

import asyncio
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from aiohttp import web

from broker.clients.refusals import PublishRefusedError
from broker.config import Connection
from broker.contract import MAX_PHOTO_BYTES, MAX_PHOTO_PX, PHOTO, REQUEST
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ImageId, ProjectId, Verb, level_of_account
from broker.live import NoAnswerError, answer_topic, follow, fresh_connection_id, fresh_request_id
from broker.messages import Request, Response

LEAST_SIDE_PX: Final = 320
MOST_WAITING: Final = 16  # of one user: a page asks for one and its two neighbours
ANSWER_TIMEOUT_S: Final = 30.0  # a large photograph behind those of others
_JPEG: Final = b"\xff\xd8\xff"
_UNKNOWN: Final = "unknown_image"


class NoSuchPhotographError(CairnError):
    """The project has no such photograph."""

    code = "no_such_photograph"
    remedy = "Take the image's id from the camera pages, or from /projects/{project}/status."


class PhotographRefusedError(CairnError):
    """The reconstructor does not give a photograph, or the account may not ask for it."""

    code = "photograph_refused"
    remedy = "Read the reason; the thumbnail is there all the same."


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """An upright JPEG, and whether it is only the preview because the photograph itself has not come yet."""

    jpeg: bytes
    is_preview: bool


@dataclass(frozen=True, slots=True)
class PhotographKey:
    """Which photograph, in which size."""

    project: ProjectId
    image_id: ImageId
    side_px: int


class Photographs:
    """The photographs of one page server.

    Args:
        cache_bytes: how much of them is kept in memory; those used last stay.
    """

    def __init__(self, cache_bytes: int) -> None:
        self._cache_bytes, self._held_bytes = cache_bytes, 0
        self._cache: OrderedDict[PhotographKey, bytes] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._waiting: Counter[str] = Counter()

    async def get(self, connection: Connection, key: PhotographKey) -> Photograph:
        """A photograph for the user of this connection, who may see the project; one after the other for each user.

        Raises:
            web.HTTPTooManyRequests: the user waits for many already.
            NoSuchPhotographError, PhotographRefusedError, NoAnswerError, BrokerLostError: it does not come.
        """
        user = connection.username or ""
        if self._waiting[user] >= MOST_WAITING:
            raise web.HTTPTooManyRequests(text="you are waiting for many photographs already\n")
        self._waiting[user] += 1
        turn = self._turns.setdefault(user, asyncio.Lock())
        try:
            async with turn:
                if (kept := self._kept(key)) is not None:
                    return Photograph(jpeg=kept, is_preview=False)
                photograph = await _ask(connection, key)
        finally:
            self._waiting[user] -= 1
            self._waiting += Counter()  # forgets who waits for none
        if not photograph.is_preview:
            self._keep(key, photograph.jpeg)
        return photograph

    def _kept(self, key: PhotographKey) -> bytes | None:
        if key not in self._cache:
            return None
        self._cache.move_to_end(key)
        return self._cache[key]

    def _keep(self, key: PhotographKey, jpeg: bytes) -> None:
        self._held_bytes += len(jpeg) - len(self._cache.get(key, b""))
        self._cache[key] = jpeg
        while self._held_bytes > self._cache_bytes:
            _, oldest = self._cache.popitem(last=False)
            self._held_bytes -= len(oldest)


def key_of(request: web.Request, project: ProjectId) -> PhotographKey:
    """Which photograph an address names: `/projects/{project}/photo/{image_id}?side=2048`.

    Raises:
        web.HTTPBadRequest: the side is no number from 320 to 2048.
        NoSuchPhotographError: no image can have this id.
    """
    side = request.query.get("side", str(MAX_PHOTO_PX))
    if not (side.isascii() and side.isdecimal() and len(side) < 5 and LEAST_SIDE_PX <= int(side) <= MAX_PHOTO_PX):  # noqa: PLR2004 - digits
        raise web.HTTPBadRequest(text=f"side is the longer side in pixels, {LEAST_SIDE_PX} to {MAX_PHOTO_PX}\n")
    try:
        return PhotographKey(project, ImageId(request.match_info["image_id"]), int(side))
    except CairnError as exc:
        raise NoSuchPhotographError(f"there is no such photograph: {exc.sentence}") from exc


def answer(photograph: Photograph) -> web.Response:
    """A photograph as an answer; the browser may keep it for its user, a preview not at all."""
    keeping = "no-store" if photograph.is_preview else "private, max-age=86400, immutable"
    headers = {"Content-Type": "image/jpeg", "Cache-Control": keeping, "Vary": "Authorization"}
    headers["X-Cairn-Preview"] = "true" if photograph.is_preview else "false"
    return web.Response(body=photograph.jpeg, headers=headers)


async def _ask(connection: Connection, key: PhotographKey) -> Photograph:
    user, space = level_of_account(connection.username or ""), connection.space
    request = Request(
        project=key.project,
        id=fresh_request_id(),
        verb=Verb.PHOTOGRAPH,
        connection=fresh_connection_id(),
        image_id=key.image_id,
        max_side_px=key.side_px,
    )
    photo = space.topic(key.project, PHOTO.template, user=user, image_id=key.image_id)
    async with follow(connection) as follower:
        await follower.subscribe(photo, answer_topic(connection, key.project, request, user))
        try:
            await follower.publish(REQUEST.outgoing(space, key.project, request, user=user, verb=request.verb))
        except PublishRefusedError as exc:
            raise PhotographRefusedError(f"{user!r} may not ask for photographs of {key.project!r}") from exc
        jpeg, response = b"", None
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                async for message in follower.messages():
                    if message.topic == photo:
                        jpeg = message.payload
                    elif (said := decode(message.payload, Response)).id == request.id:
                        response = said
                    if response is not None and (jpeg or not response.is_done):
                        break
        except TimeoutError as exc:
            raise NoAnswerError(
                f"no photograph came in {ANSWER_TIMEOUT_S:.0f} s: is the reconstructor of {key.project!r} running?"
            ) from exc
    return _checked(key, jpeg, response)


def _checked(key: PhotographKey, jpeg: bytes, response: Response | None) -> Photograph:
    if response is None or not response.is_done:
        code, reason = (response.code, response.reason) if response else (None, None)
        error = NoSuchPhotographError if code == _UNKNOWN else PhotographRefusedError
        raise error(f"no photograph {key.image_id!r}: {reason or code or 'no reason given'}")
    if not jpeg.startswith(_JPEG) or len(jpeg) > MAX_PHOTO_BYTES:
        raise PhotographRefusedError(f"what came for {key.image_id!r} is no JPEG of at most {MAX_PHOTO_BYTES} bytes")
    return Photograph(jpeg=jpeg, is_preview=response.is_preview)
