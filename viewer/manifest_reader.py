"""How is a manifest read? The pointer first, then its pages by their digests, each only once; a missing page is asked for."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from broker.clients.refusals import PublishRefusedError
from broker.config import Connection
from broker.contract import MANIFEST_PAGE, REFERENCE, REQUEST
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import PageDigest, ProjectId, Verb, level_of_account
from broker.live import Follower, LiveMessage, fresh_connection_id, fresh_request_id
from broker.logs import get_logger
from broker.manifest import Manifest, ManifestPage, Page, read_page, shards_of
from broker.messages import Request
from viewer.wanted import CompleteManifest

MANIFEST_TIMEOUT_S: Final = 5.0
WINDOW: Final = 8
_SILENCE_S: Final = 3.0  # without any page: the manifest is read again
_RESYNC_S: Final = 15.0  # without any page, after the reconstructor was asked to publish them again
_TRIES: Final = 5


class NoManifestError(CairnError):
    """A project that has no cloud, or none for us."""

    code = "no_manifest"
    remedy = "Check the project's name and the account's rights; photograph first."


class PageMissingError(CairnError):
    """Pages of the manifest did not come, even after a resync."""

    code = "page_missing"
    remedy = "Ask for a resync; check that the reconstructor runs."


class ManifestReader:
    """Reads one project's manifest over a connection that also carries shards.

    Args:
        follower: the connection.
        connection: how it was made.
        project: the project.
        aside: gets the messages that are not the manifest's, in order, to be read next.
    """

    def __init__(
        self, follower: Follower, connection: Connection, project: ProjectId, aside: deque[LiveMessage]
    ) -> None:
        self._follower, self._connection, self._project, self._aside = follower, connection, project, aside
        self._space = connection.space
        self._pages: dict[PageDigest, Page[ManifestPage]] = {}
        self._log = get_logger(project=project)
        self.pointer_topic = self._space.topic(project, REFERENCE.template)

    async def read(self, timeout_s: float = MANIFEST_TIMEOUT_S) -> CompleteManifest:
        """The present manifest with its pages.

        Raises:
            NoManifestError: none came; the message says why that may be.
            PageMissingError: a page did not come, even after a resync.
            BrokerLostError: the connection is gone.
        """
        return await self.complete(await self._read_pointer(timeout_s), timeout_s)

    async def complete(self, manifest: Manifest, timeout_s: float = MANIFEST_TIMEOUT_S) -> CompleteManifest:
        """A manifest with its pages, or a newer one if those are gone meanwhile; raises like `read`."""
        silence_s = _SILENCE_S
        for _ in range(_TRIES):
            self._pages = {digest: page for digest, page in self._pages.items() if digest in manifest.shard_pages}
            await self._read_pages(manifest.shard_pages, silence_s)
            if self._pages.keys() >= set(manifest.shard_pages):
                pages = [self._pages[digest] for digest in manifest.shard_pages]
                return CompleteManifest(manifest=manifest, shards=shards_of(pages))
            again = await self._read_pointer(timeout_s)
            if again.shard_pages == manifest.shard_pages:
                await self.resync(manifest.generation)
                silence_s = _RESYNC_S
            manifest = again
        raise PageMissingError(
            f"pages of {self._project!r} do not come: is the reconstructor running, which republishes what the broker "
            f"lost, and may user {self._connection.username!r} read them?"
        )

    async def resync(self, generation: int, indexes: tuple[int, ...] = ()) -> None:
        """Ask for these shards again, or, without any, for whatever the broker lost; raises BrokerLostError."""
        self._log.warning("resync_requested", generation=generation, shards=len(indexes))
        request = Request.model_validate(
            {
                "project": self._project,
                "id": fresh_request_id(),
                "verb": Verb.RESYNC,
                "connection": fresh_connection_id(),
                "generation": generation or None,
                "shards": indexes,
            }
        )
        user = level_of_account(self._connection.username or "viewer")
        try:
            await self._follower.publish(
                REQUEST.outgoing(self._space, self._project, request, user=user, verb=request.verb)
            )
        except PublishRefusedError as exc:  # what is there can be read all the same
            self._log.warning("resync_refused", code=exc.code, reason=exc.sentence)

    async def _read_pointer(self, timeout_s: float) -> Manifest:
        await self._follower.subscribe(self.pointer_topic)
        while (message := await self._follower.next_message(timeout_s)) is not None:
            if message.topic == self.pointer_topic and message.payload:
                await self._follower.unsubscribe(self.pointer_topic)
                manifest = decode(message.payload, Manifest)
                if manifest.generation > 0:
                    return manifest
                break
            self._aside.append(message)
        raise NoManifestError(
            f"no manifest of {self._project!r} after {timeout_s:.0f} s: no such project, no image placed yet, "
            f"or user {self._connection.username!r} may not read it"
        )

    async def _read_pages(self, digests: Iterable[PageDigest], silence_s: float) -> None:
        """Read the pages that are not here yet; ends early when none comes for so long."""
        missing = [digest for digest in digests if digest not in self._pages]
        for begin in range(0, len(missing), WINDOW):
            window = {self._topic(digest): digest for digest in missing[begin : begin + WINDOW]}
            await self._follower.subscribe(*window)
            is_complete = await self._take_window(window, silence_s)
            await self._follower.unsubscribe(*window)
            if not is_complete:
                return

    async def _take_window(self, window: dict[str, PageDigest], silence_s: float) -> bool:
        awaited = dict(window)
        while awaited:
            message = await self._follower.next_message(silence_s)
            if message is None:
                return False
            if message.topic not in window:
                self._aside.append(message)
            elif message.payload and (digest := awaited.pop(message.topic, None)) is not None:
                self._take(message.payload, digest)
        return True

    def _take(self, payload: bytes, digest: PageDigest) -> None:
        try:
            self._pages[digest] = read_page(payload, digest, ManifestPage)
        except CairnError as exc:  # the same as a page that does not come
            self._log.warning("page_damaged", page=digest, code=exc.code, reason=exc.sentence)

    def _topic(self, digest: PageDigest) -> str:
        return self._space.topic(self._project, MANIFEST_PAGE.template, page=digest)
