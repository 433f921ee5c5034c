"""May an image be sent now? By connection, reconstructor's state, flow window and a smoothed rate of the link."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from broker.clients.connection_state import Connected
from broker.clients.limits import LARGEST_PACKET_BYTES
from broker.clients.refusals import BrokerRefusedError, DeliveryTimeoutError
from broker.clients.trouble import Trouble
from broker.delivery import Delivery
from broker.errors import CairnError
from broker.logs import get_logger
from broker.messages import Flow, ReconstructorPresence, ReconstructorState, UploadAcknowledged
from edge_agent.config import Settings

UNKNOWN_RATE_BYTES_PER_S: Final = 30_000.0  # before the first measurement: assuming a bad link costs a second
STUCK_DIVISOR: Final = 4.0  # of that rate, after a connection on which nothing went through
LEAST_RATE_BYTES_PER_S: Final = 500.0
STUCK_AFTER: Final = 3  # connections that ended without a single PUBACK
MOST_GAIN: Final = 2.0  # most that one measurement counts, relative to the estimate
RATE_MEMORY: Final = 0.7  # share of the old estimate that a new measurement leaves
LEAST_RECEIPT_WAIT_S: Final = 10.0
LOOK_AGAIN_S: Final = 5.0
LEAST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 24 * 3600.0
LONG_S: Final = 3600.0


class LinkStuckError(CairnError):
    """A message that never gets through; a fresh connection without it is needed."""

    code = "link_stuck"
    remedy = "Nothing: the connection is made again, and the photograph goes in pieces."


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The most images and bytes that may be under way without a receipt."""

    image_count: int
    size_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The window of the settings, until the reconstructor sends another."""
        return cls(image_count=settings.window_images, size_bytes=settings.window_bytes)

    def has_room(self, image_count: int, size_bytes: int, next_bytes: int) -> bool:
        """Whether another image fits. One is always allowed, so that a large image is sent, too."""
        return image_count == 0 or (image_count < self.image_count and size_bytes + next_bytes <= self.size_bytes)


class Uplink:
    """The state of the link: connection, reconstructor, flow window and rate; wakes its waiters at each change."""

    def __init__(self, window: Window) -> None:
        self._delivery: Delivery | None = None
        self.window = window
        self._presence: ReconstructorPresence | None = None
        self._seen_on = 0  # number of the connection that brought the state: a new broker may have none
        self._pause_until_s, self._quota_until_s = 0.0, 0.0  # monotonic: a rig's own wall clock may be wrong
        self.quota = Trouble(log=get_logger(), event="quota_reached")
        self._changed = asyncio.Event()
        self._rate_bytes_per_s: float | None = None
        self._assumed_bytes_per_s = UNKNOWN_RATE_BYTES_PER_S
        self.last_done_s = 0.0  # of the last PUBACK: until then, the link carried what it acknowledged
        self._fruitless_count = 0
        self._state: ReconstructorState | None = None
        self.is_preview_due = False  # then nothing of a photograph is handed over
        self.receipt_s: float | None = None
        self.lost_session_count = 0
        self.reconstructor = Trouble(log=get_logger(), event="reconstructor_waits")
        self.max_packet_bytes = LARGEST_PACKET_BYTES

    def attach(self, delivery: Delivery) -> None:
        """Use a new connection, and forget what was learnt of the last one, but for a link that let nothing through."""
        if self._fruitless_count >= STUCK_AFTER:
            slower = self._assumed_bytes_per_s / STUCK_DIVISOR
            self._assumed_bytes_per_s = max(LEAST_RATE_BYTES_PER_S, slower)
        self._delivery, self._presence, self._seen_on = delivery, None, 0
        self._state, self.is_preview_due = None, False
        self._rate_bytes_per_s, self._fruitless_count = None, 0

    @property
    def delivery(self) -> Delivery:
        """The connection in use."""
        if self._delivery is None:
            raise RuntimeError("attach a connection first")
        return self._delivery

    @property
    def rate_bytes_per_s(self) -> float:
        """The smoothed rate of the link, bytes per second."""
        return self._assumed_bytes_per_s if self._rate_bytes_per_s is None else self._rate_bytes_per_s

    @property
    def is_open(self) -> bool:
        """Whether an image sent now would be accepted."""
        is_paused = time.monotonic() < max(self._pause_until_s, self._quota_until_s)
        is_ready = self._presence is ReconstructorPresence.READY and self._seen_on == self.delivery.connect_count
        return self.delivery.is_connected and is_ready and not is_paused

    @property
    def preview_side_px(self) -> int | None:
        """The longer side of the previews that the reconstructor takes; None while it takes none."""
        state = self._state
        is_taking = state is not None and state.takes_previews and state.presence is ReconstructorPresence.READY
        return state.preview_max_side_px if state is not None and is_taking else None

    @property
    def store_id(self) -> str:
        """The store of the reconstructor that answers; empty while it does not tell."""
        return (self._state and self._state.store_id) or ""

    def take_state(self, state: ReconstructorState) -> None:
        """Note the reconstructor's state; what keeps it from its work is logged once."""
        self._state = state
        self._presence, self._seen_on = state.presence, self.delivery.connect_count
        if state.code is not None:
            self.reconstructor.note(state.code, state.reason or state.code)
        elif state.presence is ReconstructorPresence.READY:
            self.reconstructor.clear()
        self.wake()

    def take_flow(self, flow: Flow) -> None:
        """Note how much may be under way; the reason of a pause is logged once."""
        self.window = Window(image_count=flow.image_count, size_bytes=flow.size_bytes)
        self._pause_until_s = 0.0 if flow.pause_until is None else _after(flow.sent_at, flow.pause_until)
        if flow.code is not None:
            self.reconstructor.note(flow.code, flow.reason or flow.code)
        self.wake()

    def take_receipt(self, receipt: UploadAcknowledged) -> bool:
        """Note whether a receipt says that a quota is used up; if so, nothing is sent until it names."""
        if receipt.retry_at is None:
            self.quota.clear()
            return False
        self._quota_until_s = _after(receipt.sent_at, receipt.retry_at)
        self.quota.note(receipt.code or "quota", receipt.reason or "the reconstructor takes no more for now")
        return True

    def hold(self) -> None:
        """Close the link until the reconstructor announces itself again."""
        self._presence = None

    def wake(self) -> None:
        """Wake every waiter, so that it checks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def moment(self) -> asyncio.Event:
        """A mark for `wait_change`, so that no change after it is missed."""
        return self._changed

    async def wait_change(self, timeout_s: float, since: asyncio.Event | None = None) -> None:
        """Wait until something changed since a mark, or until the time-out."""
        changed = since or self._changed
        try:
            async with asyncio.timeout(timeout_s):
                await changed.wait()
        except TimeoutError:
            return

    async def follow_connection(self) -> None:
        """Follow every reconnect; after one without a session, images under way must be sent again.

        Raises:
            LinkStuckError: a message is too long for the link and restarts at every connection.
        """
        count = 0
        while True:
            state: Connected | None = None
            while state is None:
                state = await self._next(count)
            if count:
                self._fruitless_count += 1
                self.lost_session_count += not state.is_session_present
            if self._fruitless_count >= STUCK_AFTER:
                raise LinkStuckError("the connection ends before a single message is through: sending in small pieces")
            count, self.max_packet_bytes = state.count, state.limits.max_packet_bytes
            self.wake()

    async def _next(self, count: int) -> Connected | None:
        try:
            return await self.delivery.next_connection(count, LONG_S)
        except DeliveryTimeoutError:
            return None
        except BrokerRefusedError:  # the control connection reports it; try again, as ops may restore the account
            await asyncio.sleep(LOOK_AGAIN_S)
            return None

    async def wait_previews(self) -> None:
        """Wait until every preview that is due has been handed to the connection."""
        while self.is_preview_due:
            await self.wait_change(LOOK_AGAIN_S)

    def note_sent(self, size_bytes: int, began_s: float, done_s: float | None = None) -> None:
        """Update the rate from an acknowledged PUBLISH."""
        self._fruitless_count, self._assumed_bytes_per_s = 0, UNKNOWN_RATE_BYTES_PER_S
        self.last_done_s = done_s or time.monotonic()
        rate = max(1, size_bytes) / max(self.last_done_s - began_s, 1e-3)
        old = self._rate_bytes_per_s
        if old is None or rate < old / 2:  # a slower link counts at once: too long a message may never pass
            self._rate_bytes_per_s = rate
        else:  # a faster one only gradually: after a stall, acknowledgements come in a burst
            self._rate_bytes_per_s = RATE_MEMORY * old + (1 - RATE_MEMORY) * min(rate, MOST_GAIN * old)

    def note_receipt(self, began_s: float) -> None:
        self.receipt_s = time.monotonic() - began_s

    def receipt_wait_s(self, size_bytes: int) -> float:
        """The time to wait for a receipt before the image is sent again, seconds."""
        return max(LEAST_RECEIPT_WAIT_S, 3 * (self.receipt_s or 0.0) + 2 * size_bytes / self.rate_bytes_per_s)


def _after(sent_at: datetime, until: datetime) -> float:
    """When a pause ends on our monotonic clock; its length is the difference of two instants by the sender's clock."""
    return time.monotonic() + min(max((until - sent_at).total_seconds(), LEAST_PAUSE_S), LONGEST_PAUSE_S)
