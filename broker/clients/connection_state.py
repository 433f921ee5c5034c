"""Does the connection stand, and who waits for it? A condition that each connect, loss and refusal notifies."""

import asyncio
from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from broker.clients.limits import BrokerLimits
from broker.clients.refusals import BrokerRefusedError, DeliveryTimeoutError


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connection stands and its subscriptions are granted.

    Attributes:
        count: how many times we have connected, from 1.
        is_session_present: whether the broker kept our session: if not, resend what has no receipt.
        limits: what the broker announced that it takes.
    """

    count: int
    is_session_present: bool
    limits: BrokerLimits = field(default_factory=BrokerLimits)


class ConnectionState:
    """The state of one connection; used from the event loop only."""

    def __init__(self, where: str, log: FilteringBoundLogger, session_expiry_s: int) -> None:
        self._where, self._log = where, log
        self._session_expiry_s = session_expiry_s
        self._remark: str | None = None
        self.connected = asyncio.Event()
        self._changed = asyncio.Condition()
        self._current: Connected | None = None
        self._refusal: BrokerRefusedError | None = None
        self._failure: str | None = None
        self._is_raising = False  # whether a waiting caller raises what happens, so that the log need not repeat it
        self._waking: asyncio.Future[None] | None = None

    async def next_connection(self, after: int, timeout_s: float, *, is_patient: bool = True) -> Connected:
        """Wait for a standing connection whose count is above `after`; without patience, for one attempt.

        Raises:
            BrokerRefusedError: the broker refuses us.
            DeliveryTimeoutError: no broker in time; the message says what the last attempt met.
        """
        self._is_raising = not is_patient
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                while True:
                    if self._refusal is not None:
                        raise self._refusal
                    if self._current is not None and self._current.count > after:
                        return self._current
                    if self._failure is not None and not is_patient:
                        raise DeliveryTimeoutError(self._failure)
                    await self._changed.wait()
        except TimeoutError as exc:
            silence = f"no connection to the broker at {self._where} in {timeout_s:.0f} s"
            raise DeliveryTimeoutError(self._failure or silence) from exc
        finally:
            self._is_raising = False

    def stand(self, state: Connected, *, is_quiet: bool) -> None:
        """Note a connection; a quiet one is logged for developers only."""
        tell = self._log.debug if is_quiet else self._log.info
        tell("connected", count=state.count, is_session_present=state.is_session_present)
        if (remark := state.limits.remark(self._session_expiry_s)) != self._remark and remark is not None:
            self._log.warning("broker_keeps_less", reason=remark)
        self._remark = remark
        self._current, self._refusal, self._failure = state, None, None
        self.connected.set()
        self._wake()

    def fall(self, reason: str, *, is_quiet: bool) -> None:
        """Note that the connection is lost."""
        if self.connected.is_set():
            tell = self._log.debug if is_quiet else self._log.warning
            tell("disconnected", reason=reason)
        self._current = None
        self.connected.clear()
        self._wake()

    def fail(self, why: str) -> None:
        """Note an attempt that met no broker; the same failure again is logged once."""
        if why != self._failure and not self._is_raising:
            self._log.warning("broker_away", reason=f"{why}; trying again")
        self._failure = why
        self._wake()

    def refuse(self, refusal: BrokerRefusedError) -> None:
        """Note a refusal; the same one again is logged once."""
        if str(refusal) != str(self._refusal) and not self._is_raising:
            self._log.error("broker_refused", code=refusal.code, reason=refusal.sentence)
        self._refusal = refusal
        self._wake()

    def _wake(self) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        self._waking = asyncio.ensure_future(notify())
