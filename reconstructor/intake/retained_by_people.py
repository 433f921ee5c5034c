"""What may people leave retained? A few small presences each, measures and notes; all else is cleared at once.

A broker can neither forbid an account the retain flag nor bound what it retains, so somebody has to read and clear it.
"""

import time
from collections.abc import Callable
from typing import Final

from broker.channel import Match
from broker.contract import MEASURE, NOTE, PRESENCE
from broker.delivery import Incoming
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ConnectionId, ProjectId, SenderId
from broker.messages import Presence
from broker.topics import TopicSpace

MOST_CONNECTIONS: Final = 16  # of one account: several tabs on several devices
SILENT_S: Final = 300.0  # a page pings every 20 s, in the background once a minute


class RetainedByPeople:
    """The presences of every account, and what is to be cleared because nobody may retain it."""

    def __init__(self, space: TopicSpace, project: ProjectId, clock: Callable[[], float] = time.monotonic) -> None:
        self._space, self._project, self._clock = space, project, clock
        # When each connection was heard last, those heard longest ago first.
        self._heard: dict[SenderId, dict[ConnectionId, float]] = {}

    def surplus(self, message: Incoming, found: Match | None) -> list[str]:
        """Topics to clear after a message arrived; `found` is None when its topic is none of ours."""
        if found is not None and found.channel is PRESENCE:
            return self._after_presence(message, found)
        if found is not None and found.channel in {MEASURE, NOTE}:
            return []  # reconstructor.intake.annotations clears what does not fit
        return [message.topic] if message.is_retained and message.payload else []

    def note_heard(self, user: SenderId, connection: ConnectionId) -> None:
        """Note that a connection still asks for things."""
        heard = self._heard.get(user, {})
        if heard.pop(connection, None) is not None:
            heard[connection] = self._clock()

    def silent(self) -> list[str]:
        """Topics of presences that nobody keeps up: the broker lost the last will of their connections."""
        until_s = self._clock() - SILENT_S
        gone = [(user, each) for user, heard in self._heard.items() for each, at_s in heard.items() if at_s < until_s]
        for user, connection in gone:
            self._forget(user, connection)
        return [self._topic(*each) for each in gone]

    def _after_presence(self, message: Incoming, found: Match) -> list[str]:
        user, connection = found.user, found.connection
        if not message.payload:
            self._forget(user, connection)
        if not message.is_retained or not message.payload:
            return []
        if not _is_presence(message.payload, user, connection):
            self._forget(user, connection)
            return [message.topic]
        heard = self._heard.setdefault(user, {})
        heard.pop(connection, None)
        heard[connection] = self._clock()
        if len(heard) <= MOST_CONNECTIONS:
            return []
        oldest = next(iter(heard))
        self._forget(user, oldest)
        return [self._topic(user, oldest)]

    def _forget(self, user: SenderId, connection: ConnectionId) -> None:
        heard = self._heard.get(user, {})
        heard.pop(connection, None)
        if not heard:
            self._heard.pop(user, None)

    def _topic(self, user: SenderId, connection: ConnectionId) -> str:
        return self._space.topic(self._project, PRESENCE.template, user=user, connection=connection)


def _is_presence(payload: bytes, user: SenderId, connection: ConnectionId) -> bool:
    if len(payload) > PRESENCE.max_bytes:
        return False
    try:
        presence = decode(payload, Presence)
    except CairnError:
        return False
    return str(presence.user) == user and presence.connection == connection
