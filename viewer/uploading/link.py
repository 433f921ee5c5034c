"""What does an upload know of its way? The reconstructor's wishes, its quota, and a smoothed rate of the link."""

import asyncio
import time
from typing import Final

from broker.clients import upload_sizes
from broker.clients.limits import LARGEST_PACKET_BYTES
from broker.delivery import Delivery
from broker.ids import ImageId
from broker.messages import ReconstructorPresence, ReconstructorState, UploadAcknowledged
from broker.outgoing import Outgoing

UNKNOWN_RATE_BYTES_PER_S: Final = 30_000.0  # before the first measurement: assuming a bad link costs one preview
MOST_GAIN: Final = 2.0  # after a stall, acknowledgements come in a burst
RATE_MEMORY: Final = 0.7
LEAST_QUOTA_WAIT_S: Final = 1.0


class Link:
    """The state of one upload's connection; wakes its waiters at each change."""

    def __init__(self, delivery: Delivery, keepalive_s: float) -> None:
        self._delivery, self._keepalive_s = delivery, keepalive_s
        self._rate_bytes_per_s: float | None = None
        self._quota_until_s = 0.0
        self._changed = asyncio.Event()
        self.reconstructor: ReconstructorState | None = None
        self.wanted: tuple[ImageId, ...] = ()
        self.max_packet_bytes = LARGEST_PACKET_BYTES

    @property
    def connect_count(self) -> int:
        """How many times we have connected; after each, what was awaited may be lost."""
        return self._delivery.connect_count

    @property
    def preview_side_px(self) -> int | None:
        """The longer side of a preview; None when the reconstructor takes none now."""
        state = self.reconstructor
        is_taken = state is not None and state.presence is ReconstructorPresence.READY and state.takes_previews
        return state.preview_max_side_px if state is not None and is_taken else None

    @property
    def quota_wait_s(self) -> float:
        """How long a quota still keeps everything, seconds."""
        return max(0.0, self._quota_until_s - time.monotonic())

    @property
    def piece_bytes(self) -> int:
        """The size of a piece at the present rate."""
        return upload_sizes.piece_bytes_at(self._rate(), self.max_packet_bytes)

    def is_short(self, size_bytes: int) -> bool:
        """Whether a photograph of this size will be there so soon that it needs no preview."""
        return size_bytes / self._rate() <= upload_sizes.SOON_S

    def fits_one_message(self, size_bytes: int) -> bool:
        """Whether so many bytes pass between two signs of life that the broker expects; more might never pass."""
        return size_bytes <= upload_sizes.single_limit_bytes(self._rate(), self._keepalive_s, self.max_packet_bytes)

    def take_quota(self, receipt: UploadAcknowledged) -> None:
        """Note until when a quota takes nothing more; by the reconstructor's clock, as ours may differ."""
        if receipt.retry_at is not None:
            wait_s = max(LEAST_QUOTA_WAIT_S, (receipt.retry_at - receipt.sent_at).total_seconds())
            self._quota_until_s = time.monotonic() + wait_s

    async def publish(self, outgoing: Outgoing, timeout_s: float) -> None:
        """Publish and measure; raises like `Delivery.publish`."""
        began_s = time.monotonic()
        await self._delivery.publish(outgoing, timeout_s)
        rate = len(outgoing.payload) / max(time.monotonic() - began_s, 1e-3)
        old = self._rate_bytes_per_s
        if old is None or rate < old / 2:  # a slower link counts at once: too long a message may never pass
            self._rate_bytes_per_s = rate
        else:
            self._rate_bytes_per_s = RATE_MEMORY * old + (1 - RATE_MEMORY) * min(rate, MOST_GAIN * old)

    async def wait_state(self, timeout_s: float) -> None:
        """Wait until the reconstructor's state has come; without one it is not there, or never was."""
        until_s = time.monotonic() + timeout_s
        while self.reconstructor is None and (left_s := until_s - time.monotonic()) > 0:
            await self.wait_change(self.moment(), left_s)

    def wake(self) -> None:
        """Wake every waiter."""
        self._changed.set()
        self._changed = asyncio.Event()

    def moment(self) -> asyncio.Event:
        """A mark for `wait_change`, so that no change after it is missed."""
        return self._changed

    async def wait_change(self, since: asyncio.Event, timeout_s: float) -> None:
        """Wait until something changed since a mark, or until the time-out."""
        try:
            async with asyncio.timeout(timeout_s):
                await since.wait()
        except TimeoutError:
            return

    def _rate(self) -> float:
        return UNKNOWN_RATE_BYTES_PER_S if self._rate_bytes_per_s is None else self._rate_bytes_per_s
