"""May this reconstructor publish the project? Leader election over what the broker retains, on a connection of its own.

At its start a reconstructor reads the retained manifest and state. Another store's: it stays out. Nobody's: it publishes
its own state, not ready yet, and waits 2 s for a higher claim. While it serves it follows both topics: at a higher claim it
steps back, a lower one it answers with its own, so that a stale message never stays.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

from broker.clients.connection_state import Connected
from broker.clients.refusals import DeliveryTimeoutError
from broker.config import Connection
from broker.contract import REFERENCE
from broker.delivery import Delivery
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ProjectId, client_id
from broker.logs import get_logger
from broker.manifest import Manifest
from broker.outgoing import Outgoing
from reconstructor.publishing.candidates import AnotherReconstructorError, Candidate
from reconstructor.publishing.retained_claims import RetainedClaims
from reconstructor.signals import Signal
from reconstructor.storage.identity import Identity, Run

CLAIM_WAIT_S: Final = 2.0
_END_TIMEOUT_S: Final = 5.0
HOST: Final = socket.gethostname()[:64]


class Election:
    """The election of a project's one writer; an async context manager that keeps the connection.

    Args:
        project: the project.
        connection: the broker.
        identity: the store's names.
        run: the run that claims the project.
        state: builds the present state message of a run, which is the claim.
        has_cloud: whether the store has a reference set.
    """

    def __init__(
        self,
        *,
        project: ProjectId,
        connection: Connection,
        identity: Identity,
        run: Run,
        state: Callable[[Run], Outgoing],
        has_cloud: Callable[[], bool],
    ) -> None:
        self._project, self._space = project, connection.space
        self._identity, self._run = identity, run
        self._state, self._has_cloud = state, has_cloud
        self._log = get_logger(project=project)
        self._claims = RetainedClaims(project, connection)
        self._confirmations = Signal()
        self._confirmed_at = 0
        self.is_lost = True

    async def __aenter__(self) -> Self:
        await self._claims.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._claims.__aexit__(kind, exc, trace)

    @property
    def retained_manifest(self) -> bytes:
        """The pointer that the broker retained at the last look."""
        return self._claims.manifest

    async def win(self) -> None:
        """Claim the project for this run.

        Raises:
            AnotherReconstructorError: it belongs to another store, or a higher claim came.
            BrokerRefusedError: the broker does not let us in.
        """
        await self._claims.look()
        rival = self._claims.seen.obstacle(self._identity.latest, has_cloud=self._has_cloud())
        if rival is not None:
            raise self._error(rival)
        await asyncio.to_thread(self._identity.keep, self._run)
        await self._claim_if_free()
        self.is_lost = False

    async def confirm(self, connect_count: int) -> None:
        """Read again what is retained after the project's connection came back, and claim it again if nothing is.

        Raises:
            AnotherReconstructorError: there is a higher claim now.
            BrokerRefusedError: the broker does not let us in.
        """
        await self._claims.look()
        self._check()
        await self._claim_if_free()
        self._confirmed_at = connect_count
        self._confirmations.notify()

    async def until_confirmed(self, delivery: Delivery) -> None:
        """Wait until the present connection is confirmed: no image is taken before."""
        while not (delivery.is_connected and delivery.connect_count == self._confirmed_at):
            await self._confirmations.wait_past(self._confirmations.count)

    async def confirmed(self, delivery: Delivery, timeout_s: float) -> Connected:
        """Wait for a confirmed connection: nothing is published before.

        Raises:
            DeliveryTimeoutError: no connection, or no confirmation, in time.
            BrokerRefusedError: the broker does not let us in.
        """
        await delivery.wait_connected(timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                await self.until_confirmed(delivery)
        except TimeoutError as exc:
            raise DeliveryTimeoutError(f"the claim to {self._project} is not confirmed yet: wait") from exc
        return await delivery.wait_connected(timeout_s)

    async def defend(self, republish: Callable[[], Awaitable[object]]) -> None:
        """Answer lower claims until a higher one comes; `republish` publishes the manifest again.

        Raises:
            AnotherReconstructorError: a higher claim came; the caller stops at once.
        """
        while True:
            count = self._claims.news.count
            self._check()
            try:
                await self._answer(republish)
            except AnotherReconstructorError:
                raise
            except CairnError as exc:  # the broker is away: the next connection is looked at again
                self._log.warning("claim_not_answered", code=exc.code, reason=exc.sentence)
            await self._claims.news.wait_past(count)

    async def take_over(self) -> Candidate | None:
        """Make the project this store's on purpose; returns whose it was, or None when it was nobody's or ours.

        The retained manifest stays and gets our name, so that viewers keep their cloud.

        Raises:
            AnotherReconstructorError: the other one did not step back.
        """
        await self._claims.look()
        rival = self._claims.seen.obstacle(self._identity.latest, has_cloud=False)
        if rival is None:
            return None
        epochs = [each.epoch for each in (self._claims.seen.manifest, self._claims.seen.state) if each is not None]
        self._run = self._identity.next(self._run.boot_id, above=max(epochs))
        await asyncio.to_thread(self._identity.keep, self._run)
        await self._sign_manifest()
        await self._claim()
        await self._claims.look()
        owner = self._claims.seen.manifest or self._claims.seen.state
        if owner is None or owner.store_id != self._run.store_id:
            raise self._error(owner or rival)
        return rival

    def _check(self) -> None:
        rival = self._claims.seen.higher(self._run, has_cloud=self._has_cloud())
        if rival is not None:
            self.is_lost = True
            raise self._error(rival)

    async def _claim_if_free(self) -> None:
        if self._claims.seen.is_free:
            await self._claim()

    async def _claim(self) -> None:
        """Publish the claim and wait for a higher one."""
        await self._claims.publish(await asyncio.to_thread(self._state, self._run))
        loop = asyncio.get_running_loop()
        until_s = loop.time() + CLAIM_WAIT_S
        while (left_s := until_s - loop.time()) > 0:
            count = self._claims.news.count
            self._check()
            await self._answer(self._sign_manifest)
            try:
                async with asyncio.timeout(left_s):
                    await self._claims.news.wait_past(count)
            except TimeoutError:
                break
        self._check()

    async def _answer(self, republish: Callable[[], Awaitable[object]]) -> None:
        """Publish our state and manifest again where a lower claim has replaced them."""
        state, manifest = self._claims.seen.state, self._claims.seen.manifest
        if state is not None and state.boot_id != self._run.boot_id:
            if state.store_id != self._run.store_id:
                self._log.warning("claim_answered", other=str(state))
            self._claims.seen.state = None
            await self._claims.publish(await asyncio.to_thread(self._state, self._run))
        if manifest is not None and manifest.store_id != self._run.store_id:
            self._log.warning("manifest_answered", other=str(manifest))
            self._claims.seen.manifest = None
            await (republish() if self._has_cloud() else self._sign_manifest())

    async def _sign_manifest(self) -> None:
        """Publish the retained manifest in our name; one that cannot be read is cleared."""
        if not self._claims.manifest:
            return
        signature = {"store_id": self._run.store_id, "epoch": self._run.epoch}
        try:
            manifest = decode(self._claims.manifest, Manifest).model_copy(update=signature)
        except CairnError:
            await self._claims.publish(REFERENCE.clearing(self._space, self._project))
        else:
            await self._claims.publish(REFERENCE.outgoing(self._space, self._project, manifest))

    def _error(self, rival: Candidate) -> AnotherReconstructorError:
        is_copy = rival.store_id == self._run.store_id
        why = "is a copy of this store and went on from it" if is_copy else "has this project"
        return AnotherReconstructorError(
            f"{rival} {why}; this is store {self._run.store_id} on {HOST}: nothing is published and no image is taken "
            f"here. Stop one of the two, or take over on purpose with `cairn reconstructor adopt {self._project}`",
            is_copy=is_copy,
        )


def client_id_of(project: ProjectId, session_token: str) -> str:
    """Under which name the store with this token has its durable session."""
    return client_id("reconstructor", project, session_token)


async def end_session(connection: Connection, client_id: str) -> None:
    """End a durable session, so that the broker queues nothing for it; without a broker it expires by itself."""
    async with Delivery(connection, client_id=client_id, session_expiry_s=0) as session:
        try:
            await session.wait_connected(_END_TIMEOUT_S)
        except CairnError as exc:
            get_logger().warning("session_not_ended", client_id=client_id, reason=exc.sentence)
