"""In which order do a person's photographs reach the reconstructor? Previews first, then originals, wanted ones before others."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from broker.channel import Channel
from broker.clients.refusals import DeliveryTimeoutError, PublishRefusedError
from broker.config import Connection
from broker.contract import MISSING, RECEIPT, RECONSTRUCTOR_STATE, WANTED, match
from broker.delivery import Delivery, Incoming
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ProjectId, fresh_client_id, level_of_account
from broker.images.previews import Preview, preview
from broker.live import fresh_connection_id
from broker.messages import Missing, ReceiptStatus, ReconstructorState, UploadAcknowledged, Wanted
from broker.topics import TopicSpace
from viewer.uploading.link import Link
from viewer.uploading.photographs import BadUploadError, Photograph, Uploaded, read_image
from viewer.uploading.sender import PhotographSender

UNDER_WAY: Final = 3
LOOK_AGAIN_S: Final = 2.0
CONNECT_TIMEOUT_S: Final = 10.0
STATE_TIMEOUT_S: Final = 2.0  # for the retained state, which comes with the subscription


@dataclass(slots=True, kw_only=True)
class _Job:
    """One file on its way."""

    path: Path
    photograph: Photograph | None = None
    is_preview_due: bool = True
    is_previewed: bool = False
    is_under_way: bool = False
    is_in_pieces: bool = False
    outcome: Uploaded | None = None

    @property
    def is_waiting(self) -> bool:
        return self.outcome is None and not self.is_under_way


class Uploads:
    """The files of one command, of which a few are under way at a time."""

    def __init__(
        self, link: Link, sender: PhotographSender, paths: Sequence[Path], tell: Callable[[Uploaded], None]
    ) -> None:
        self._link, self._sender, self._tell = link, sender, tell
        self._session = f"view-{datetime.now(UTC):%Y%m%d-%H%M%S}-{fresh_connection_id()[:4]}"
        self._sequence = 0
        self._jobs = [_Job(path=path) for path in paths]
        self._job_by_name: dict[str, _Job] = {}

    async def run(self) -> list[Uploaded]:
        """Send everything; what goes wrong with a file is in its result."""
        async with asyncio.TaskGroup() as tasks:
            while any(job.outcome is None for job in self._jobs):
                moment = self._link.moment()
                if not await self._begin_next(tasks):
                    await self._link.wait_change(moment, self._link.quota_wait_s or LOOK_AGAIN_S)
        return [job.outcome for job in self._jobs if job.outcome is not None]

    async def follow(self, delivery: Delivery, space: TopicSpace) -> None:
        """Take every message of the reconstructor, until cancelled."""
        async for incoming in delivery.messages():
            with contextlib.suppress(CairnError):  # of another contract; what was awaited is sent again
                self._take(match(space, incoming.topic).channel, incoming)
            incoming.acknowledge()
            self._link.wake()

    def _take(self, channel: Channel, incoming: Incoming) -> None:
        if channel is RECONSTRUCTOR_STATE:
            payload = incoming.payload
            self._link.reconstructor = decode(payload, ReconstructorState) if payload else None
        elif channel is WANTED:
            self._link.wanted = decode(incoming.payload, Wanted).images
        elif channel is MISSING:
            self._sender.take_missing(decode(incoming.payload, Missing))
        elif channel is RECEIPT:
            self._take_receipt(decode(incoming.payload, UploadAcknowledged))

    def _take_receipt(self, receipt: UploadAcknowledged) -> None:
        job = self._job_by_name.get(receipt.image_name)
        if job is None or job.outcome is not None:
            return
        uploaded = Uploaded(path=job.path, receipt=receipt)
        if uploaded.is_over:
            job.outcome = uploaded
        if receipt.status is ReceiptStatus.PREVIEWED:
            is_told, job.is_previewed = job.is_previewed, True
        else:
            is_told = False
        if receipt.retry_at is not None:
            self._link.take_quota(receipt)
            job.is_preview_due = not job.is_previewed
        if not is_told:
            self._tell(uploaded)
        self._sender.take_receipt(receipt)

    async def _begin_next(self, tasks: asyncio.TaskGroup) -> bool:
        """Begin with the next preview or photograph; False when there is nothing to begin now."""
        under_way = [job for job in self._jobs if job.is_under_way]
        is_alone = any(job.is_in_pieces for job in under_way)  # a small photograph must not overtake it
        if len(under_way) >= UNDER_WAY or is_alone or self._link.quota_wait_s:
            return False
        side_px = self._link.preview_side_px
        due = next((job for job in self._jobs if job.is_waiting and job.is_preview_due), None)
        if side_px is not None and due is not None:
            await self._begin_preview(tasks, due, side_px)
        elif (job := self._next_original()) is not None:
            await self._begin_original(tasks, job)
        else:
            return False
        await asyncio.sleep(0)  # the message is handed over now; its receipt is waited for beside the others
        return True

    def _next_original(self) -> _Job | None:
        """The first photograph that the reconstructor wants, else the first one."""
        wanted = (self._job_by_name.get(image_id) for image_id in self._link.wanted)
        return next((job for job in (*wanted, *self._jobs) if job is not None and job.is_waiting), None)

    async def _begin_preview(self, tasks: asyncio.TaskGroup, job: _Job, side_px: int) -> None:
        job.is_preview_due = False
        if self._link.is_short(_size_of(job.path)) or (content := await self._read(job)) is None:
            return
        made = await asyncio.to_thread(preview, content, side_px)
        if made is not None and job.photograph is not None:
            job.is_under_way = True
            tasks.create_task(self._send_preview(job, job.photograph, made), name=f"preview {job.path.name}")

    async def _send_preview(self, job: _Job, photograph: Photograph, made: Preview) -> None:
        try:
            await self._sender.send_preview(photograph, made)
        except (PublishRefusedError, DeliveryTimeoutError):
            pass  # the photograph goes without, and says what is wrong if anything is
        finally:
            job.is_under_way = False
            self._link.wake()

    async def _begin_original(self, tasks: asyncio.TaskGroup, job: _Job) -> None:
        content = await self._read(job)
        if content is not None and job.photograph is not None:
            job.is_under_way, job.is_in_pieces = True, not self._link.fits_one_message(len(content))
            tasks.create_task(self._send(job, job.photograph, content), name=f"upload {job.path.name}")

    async def _send(self, job: _Job, photograph: Photograph, content: bytes) -> None:
        try:
            await self._sender.send(photograph, content, is_in_pieces=job.is_in_pieces)
        except (PublishRefusedError, DeliveryTimeoutError) as exc:
            self._fail(job, exc)
        finally:
            job.is_under_way = False
            self._link.wake()

    async def _read(self, job: _Job) -> bytes | None:
        """A file's bytes, and its name on the wire from then on; None when it cannot be sent."""
        try:
            content = await asyncio.to_thread(read_image, job.path)
        except BadUploadError as exc:
            self._fail(job, exc)
            return None
        if job.photograph is None:
            self._sequence += 1
            job.photograph = Photograph.of(job.path, content, session=self._session, sequence=self._sequence)
            self._job_by_name[job.photograph.image_id] = job
        return content

    def _fail(self, job: _Job, error: CairnError) -> None:
        if job.outcome is None:
            job.outcome = Uploaded(path=job.path, receipt=None, reason=error.sentence)
            self._tell(job.outcome)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # reading it will say why
        return 0


async def upload_files(
    connection: Connection,
    project: ProjectId,
    paths: Sequence[Path],
    timeout_s: float,
    tell: Callable[[Uploaded], None],
) -> list[Uploaded]:
    """Upload every file as a contributor, whose user name is the sender; `tell` hears of each receipt as it comes.

    Raises:
        BadUploadError: no user name, or a connection by WebSocket.
        BrokerRefusedError, DeliveryTimeoutError: no broker, or it does not let us in.
    """
    if connection.username is None:
        raise BadUploadError("say who uploads: --user NAME, a contributor of the project")
    if connection.websocket_path is not None:
        raise BadUploadError("images go to the broker's own port, not by WebSocket: unset broker.websocket_path")
    sender, space = level_of_account(connection.username), connection.space
    filters = (
        space.filter(RECEIPT.template, project, sender=sender),
        space.topic(project, RECONSTRUCTOR_STATE.template),
    )
    client_id = fresh_client_id("upload", sender)
    async with Delivery(connection, client_id=client_id, subscriptions=filters, session_expiry_s=0) as delivery:
        connected = await delivery.wait_connected(CONNECT_TIMEOUT_S, is_patient=False)
        link = Link(delivery, connection.keepalive_s)
        link.max_packet_bytes = connected.limits.max_packet_bytes
        photographs = PhotographSender(link, space=space, project=project, sender=sender, timeout_s=timeout_s)
        uploads = Uploads(link, photographs, paths, tell)
        following = asyncio.create_task(uploads.follow(delivery, space), name="receipts")
        try:
            await link.wait_state(min(STATE_TIMEOUT_S, timeout_s))
            return await uploads.run()
        finally:
            following.cancel()
