"""Does another rig have our name? The rig follows its own state topic: only another program can publish a state there.

Two rigs with spools of their own have different client ids, and the broker lets both in. Two with one copied card take
their sessions from each other, which Mosquitto 2.0.11 does not tell. In both cases each sees the state of the other.
"""

import time
from datetime import UTC, datetime

from broker.clients import backoff
from broker.rig_messages import AgentPresence, AgentState


class NameWatch:
    """What was seen of other rigs with our name.

    A state counts only after our own one came back on the same connection: before that, the broker may deliver what an
    earlier run of ours published and could not acknowledge.

    Args:
        run_id: stands in our own states.
        session: the name of our spool's images, by which a copied card is distinguished from another rig.
    """

    def __init__(self, run_id: str, session: str) -> None:
        self._run_id, self._session = run_id, session
        self._is_listening = False
        self._other: AgentState | None = None
        self._seen_at_s = 0.0
        self.since: datetime | None = None

    def begin_connection(self) -> None:
        """Note that a new connection stands."""
        self._is_listening = False

    def note(self, state: AgentState, *, is_retained: bool) -> bool:
        """Note a state of our name; whether another rig shows itself, which is to hear of us, too."""
        if state.run_id == self._run_id:
            self._is_listening = self._is_listening or not is_retained
            return False
        if is_retained or not self._is_listening:
            return False
        if state.presence is not AgentPresence.ONLINE:
            if self._other is not None and self._other.run_id == state.run_id:
                self._other = self.since = None
            return False
        is_news = not self.is_contested
        self._other, self._seen_at_s = state, time.monotonic()
        self.since = self.since if self.since and not is_news else datetime.now(UTC)
        return is_news

    @property
    def is_contested(self) -> bool:
        """Whether another rig was seen lately."""
        return self._other is not None and time.monotonic() - self._seen_at_s < backoff.UNCONTESTED_AFTER_S

    @property
    def sentence(self) -> str:
        """Who the other rig is, as far as it is known, and what to do."""
        if self._other is None:
            return (
                "another program has our session on the broker: was this card copied? Give each rig a name of its own"
            )
        who = "a rig with a copy of our card" if self._other.session == self._session else "another rig"
        since = f"{self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else "now"
        return (
            f"{who} has our name since {since} (its photographs are called {self._other.session or 'as it likes'}, "
            f"boot {self._other.boot_id[:8]}): give each its own with cairn edge join --again"
        )
