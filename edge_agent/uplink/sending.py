"""How is an image sent for sure? Again and again with backoff, until its receipt; time without reconstructor is free."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final

from broker.logs import get_logger
from edge_agent.spool.index import SpooledImage
from edge_agent.uplink.rate import Uplink

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 60.0
PUBLISH_TIMEOUT_S: Final = 900.0  # paho resends by itself after a reconnect; this is for a broker that never answers
LOOK_AGAIN_S: Final = 2.0
LOG = get_logger()


class Sending:
    """One image, or its preview, on its way.

    Attributes:
        size_bytes: what it takes of the flow window.
        receipt: set when there is nothing more to send.
        is_sent: all of it was handed to the connection.
        is_asked: the reconstructor misses it.
    """

    def __init__(self, uplink: Uplink, image: SpooledImage, size_bytes: int) -> None:
        self._uplink = uplink
        self.image, self.size_bytes = image, size_bytes
        self.receipt = asyncio.Event()
        self.is_sent = self.is_asked = False

    async def repeat(self, send: Callable[[int], Awaitable[bool]]) -> None:
        """Send until the receipt. `send` gets the number of the attempt and returns whether a receipt may follow."""
        attempt = 0
        while not self.receipt.is_set():
            await self._until_open()
            if self.receipt.is_set():
                return
            if await send(attempt) and await self._wait_for_receipt():
                return
            attempt += 1
            await self._pause(attempt)

    async def _until_open(self) -> None:
        while not (self._uplink.is_open or self.receipt.is_set()):
            await self._uplink.wait_change(LOOK_AGAIN_S)

    async def _wait_for_receipt(self) -> bool:
        """Wait for the receipt; False when the image must be sent again."""
        self.is_asked = False  # asked while it was still on its way
        uplink = self._uplink
        began_s, sessions = time.monotonic(), uplink.lost_session_count
        left_s = uplink.receipt_wait_s(self.size_bytes)
        while left_s > 0:
            look_s, was_open = time.monotonic(), uplink.is_open
            await self._wait(min(left_s, LOOK_AGAIN_S))
            if self.receipt.is_set():
                uplink.note_receipt(began_s)
                return True
            if self.is_asked:
                LOG.info("image_asked_for", image_id=self.image.image_id)
                return False
            if uplink.lost_session_count != sessions:  # the broker lost the session, and perhaps the image
                return False
            if was_open and uplink.is_open:  # time without a reconstructor does not count
                left_s -= time.monotonic() - look_s
        LOG.warning("receipt_late", image_id=self.image.image_id)
        return False

    async def _pause(self, attempt: int) -> None:
        ceiling_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt)
        await self._wait(ceiling_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter is no secret

    async def _wait(self, timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self.receipt.wait()
