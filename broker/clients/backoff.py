"""How long is the pause before a reconnect? Exponential backoff with jitter, slower while the name is contested. Pure."""

import random
import time
from typing import Final

FIRST_RETRY_S: Final = 0.25
LAST_RETRY_S: Final = 30.0
SHORT_CONNECTION_S: Final = 5.0
MOST_SHORT_BACKOFFS: Final = 4  # 4 s
CONTESTED_AFTER: Final = 4
UNCONTESTED_AFTER_S: Final = 60.0  # two programs of one name take turns within seconds
HANG_UP_S: Final = 5.0
HUNG_UP_AFTER: Final = 3
FULL_FOR_S: Final = 300.0  # so long one more is enough: small messages get through to a full broker meanwhile


class Backoff:
    """Counts attempts, connections that ended at once, and those that ended at what was published."""

    def __init__(self) -> None:
        self._hang_up_count = 0
        self._hung_up_at_s = -FULL_FOR_S
        self._published_at_s = 0.0
        self._is_answered = False
        self._attempt = 0
        self._short_count = 0
        self._connected_at_s = 0.0
        self._is_taken_over = False

    def note_connected(self) -> None:
        """Note that a connection was made."""
        self._connected_at_s, self._is_answered = time.monotonic(), False

    def note_published(self) -> None:
        """Note that a message was sent; `note_answered` follows, or the broker hangs up."""
        self._published_at_s = time.monotonic()

    def note_answered(self) -> None:
        """Note a PUBACK."""
        self._is_answered = True
        self._hang_up_count = HUNG_UP_AFTER - 1 if self.is_full else 0

    def note_dropped(self) -> None:
        """Note that what the broker hung up at is not sent again; one more hang-up is enough to drop the next."""
        self._hang_up_count = HUNG_UP_AFTER - 1

    @property
    def is_hung_up_on(self) -> bool:
        """Whether several connections ended soon after a message and without a PUBACK."""
        return self._hang_up_count >= HUNG_UP_AFTER

    @property
    def is_full(self) -> bool:
        """Whether the broker hung up on us not long ago."""
        return time.monotonic() - self._hung_up_at_s < FULL_FOR_S

    def note_failed(self) -> None:
        """Note that an attempt to connect failed."""
        self._attempt += 1

    def note_disconnected(self, *, is_taken_over: bool, is_waiting: bool = False) -> None:
        """Note that a connection ended; several short ones in a row slow the next attempts down.

        Args:
            is_taken_over: whether the broker said that another connection has our client id now.
            is_waiting: whether a message was waiting for its PUBACK.
        """
        self._is_taken_over = is_taken_over
        since_s = max(self._connected_at_s, self._published_at_s)
        self._hang_up_count += is_waiting and not self._is_answered and time.monotonic() - since_s < HANG_UP_S
        if self.is_hung_up_on:
            self._hung_up_at_s = time.monotonic()
        is_short = time.monotonic() - self._connected_at_s < SHORT_CONNECTION_S
        self._short_count = self._short_count + 1 if is_short else 0
        # Two programs of one name must not hammer the broker.
        self._attempt = min(self._short_count, MOST_SHORT_BACKOFFS)

    def pause_s(self) -> float:
        """Seconds to wait before the next attempt: doubled each time, jittered, so that rigs do not return in step."""
        ceiling_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0**self._attempt)
        return ceiling_s * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret

    def is_name_contested(self, *, is_connected: bool) -> bool:
        """Whether another program uses our client id.

        The broker says so (0x8E), or, as Mosquitto 2.0.11 just hangs up, the last connections all ended at once.
        """
        is_settled = is_connected and time.monotonic() - self._connected_at_s > UNCONTESTED_AFTER_S
        return not is_settled and (self._is_taken_over or self._short_count >= CONTESTED_AFTER)
