"""How do photographs of a person reach the reconstructor? A few under way, each sent again until its receipt comes."""

import asyncio
import contextlib
import hashlib
import mimetypes
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from broker.clients.refusals import DeliveryTimeoutError, PublishRefusedError
from broker.config import Connection
from broker.contract import FILE_NAME_PROPERTY, IMAGE, RECEIPT
from broker.delivery import Delivery
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ImageId, ProjectId, SenderId, fresh_client_id, level_of_account
from broker.live import fresh_connection_id
from broker.messages import ReceiptStatus, UploadAcknowledged
from broker.printable import printable

UNDER_WAY: Final = 3
RESEND_AFTER_S: Final = 15.0
CONNECT_TIMEOUT_S: Final = 10.0


class BadUploadError(CairnError):
    """A file that cannot be uploaded, or no user name to upload with."""

    code = "bad_upload"
    remedy = "Name readable files, and --user with a contributor's name."


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What became of one file; without receipt, the reason says why."""

    path: Path
    receipt: UploadAcknowledged | None
    reason: str | None = None

    @property
    def is_safe(self) -> bool:
        """Whether the image lies on the reconstructor's disk."""
        return self.receipt is not None and self.receipt.status is not ReceiptStatus.REJECTED


class PhotographSender:
    """Sends files over one connection; made by `open_sender`."""

    def __init__(self, delivery: Delivery, connection: Connection, project: ProjectId, sender: SenderId) -> None:
        self._delivery, self._space, self._project, self._sender = delivery, connection.space, project, sender
        self._session = f"view-{datetime.now(UTC):%Y%m%d-%H%M%S}-{fresh_connection_id()[:4]}"
        self._receipts: dict[str, asyncio.Future[UploadAcknowledged]] = {}
        self._places = asyncio.Semaphore(UNDER_WAY)
        self._line = asyncio.Lock()  # a small file does not overtake a large one that is still being read

    async def follow_receipts(self) -> None:
        """Hand every receipt to the upload that waits for it, until cancelled."""
        async for message in self._delivery.messages():
            name = message.topic.rpartition("/")[2]
            waiting = self._receipts.get(name)
            if waiting is not None and not waiting.done():
                try:
                    waiting.set_result(decode(message.payload, UploadAcknowledged))
                except CairnError as exc:
                    waiting.set_exception(exc)
            message.acknowledge()

    async def upload(self, path: Path, sequence: int, timeout_s: float) -> Uploaded:
        """Send one file and wait for its receipt; what goes wrong is in the result. Files leave in the order of the calls."""
        async with self._places:
            try:
                async with self._line:
                    body = await asyncio.to_thread(read_image, path)
                    sending = asyncio.create_task(self._send(path, body, sequence, timeout_s))
                    await asyncio.sleep(0)  # it is handed over now; its receipt is waited for outside of the line
                return Uploaded(path=path, receipt=await sending)
            except (BadUploadError, PublishRefusedError, DeliveryTimeoutError) as exc:
                return Uploaded(path=path, receipt=None, reason=exc.sentence)

    async def _send(self, path: Path, body: bytes, sequence: int, timeout_s: float) -> UploadAcknowledged:
        digest = hashlib.sha256(body).hexdigest()
        image_id = ImageId.build(session=self._session, sequence=sequence, sha256=digest)
        outgoing = IMAGE.outgoing(
            self._space,
            self._project,
            body,
            content_type=mimetypes.guess_type(path.name)[0],
            user_properties=(("sha256", digest), (FILE_NAME_PROPERTY, printable(path.name))),
            sender=self._sender,
            image_name=image_id,
        )
        receipt: asyncio.Future[UploadAcknowledged] = asyncio.get_running_loop().create_future()
        self._receipts[image_id] = receipt
        try:
            async with asyncio.timeout(timeout_s):
                while not receipt.done():
                    await self._delivery.publish(outgoing, timeout_s)
                    await asyncio.wait({receipt}, timeout=RESEND_AFTER_S)
            return receipt.result()
        except TimeoutError as exc:
            raise DeliveryTimeoutError(
                f"no receipt in {timeout_s:g} s: is the reconstructor of {self._project!r} running?"
            ) from exc
        finally:
            del self._receipts[image_id]


@contextlib.asynccontextmanager
async def open_sender(connection: Connection, project: ProjectId) -> AsyncIterator[PhotographSender]:
    """Connect as a contributor, whose user name is the sender.

    Raises:
        BadUploadError: no user name, or a connection by WebSocket.
        BrokerRefusedError, DeliveryTimeoutError: no broker, or it does not let us in.
    """
    if connection.username is None:
        raise BadUploadError("say who uploads: --user NAME, a contributor of the project")
    if connection.websocket_path is not None:
        raise BadUploadError("images go to the broker's own port, not by WebSocket: unset broker.websocket_path")
    sender = level_of_account(connection.username)
    receipts = connection.space.filter(RECEIPT.template, project, sender=sender)
    client_id = fresh_client_id("upload", sender)
    async with Delivery(connection, client_id=client_id, subscriptions=(receipts,), session_expiry_s=0) as delivery:
        await delivery.wait_connected(CONNECT_TIMEOUT_S, is_patient=False)
        uploader = PhotographSender(delivery, connection, project, sender)
        following = asyncio.create_task(uploader.follow_receipts(), name="receipts")
        try:
            yield uploader
        finally:
            following.cancel()


async def upload_files(
    connection: Connection,
    project: ProjectId,
    paths: Sequence[Path],
    timeout_s: float,
    tell: Callable[[Uploaded], None],
) -> list[Uploaded]:
    """Upload every file; `tell` hears of each as its receipt comes. Raises like `open_sender`."""

    async def one(path: Path, sequence: int) -> Uploaded:
        uploaded = await uploader.upload(path, sequence, timeout_s)
        tell(uploaded)
        return uploaded

    async with open_sender(connection, project) as uploader:
        return await asyncio.gather(*(one(path, sequence) for sequence, path in enumerate(paths, 1)))


def read_image(path: Path) -> bytes:
    """A file's bytes; whether they are an image is the reconstructor's to say.

    Raises:
        BadUploadError: it cannot be read, is empty, or is larger than any image may be.
    """
    try:
        size = path.stat().st_size
        if not 0 < size <= IMAGE.max_bytes:
            raise BadUploadError(f"{path} has {size} bytes: an image has 1 to {IMAGE.max_bytes}")
        return path.read_bytes()
    except OSError as exc:
        raise BadUploadError(f"cannot read {path}: {exc.strerror}") from exc
