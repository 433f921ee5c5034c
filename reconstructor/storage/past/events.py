"""What happened last in a project? The newest 100 events, kept over restarts in one row of the database."""

from typing import Final, TypeAlias

from pydantic import TypeAdapter, ValidationError

from broker.ids import ProjectId
from broker.messages import (
    Error,
    Event,
    EventHistory,
    ProcessingComplete,
    ProcessingStarted,
    RefetchStarting,
    ShardUpdate,
)
from broker.wire.history_channels import MAX_HISTORY_BYTES
from reconstructor.storage.database import Database

MOST_EVENTS: Final = 100
_FACT: Final = "past_events"
_ENVELOPE_BYTES: Final = 1024  # of the message around the events
PastEvent: TypeAlias = ProcessingStarted | RefetchStarting | ProcessingComplete | Error
_EVENTS: Final = TypeAdapter(tuple[PastEvent | ShardUpdate, ...])  # earlier versions kept the updates, too


class PastEvents:
    """The newest events of one project, the oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: Event) -> None:
        """Keep an event, and forget the start that it ends and the oldest ones above 100 events or 64 KB.

        Raises what `Database.transaction` raises.
        """
        if not isinstance(event, PastEvent):
            return
        with self._database.transaction():
            kept = (before for before in self._read() if not _is_ended(before, by=event))
            events = (*kept, event)[-MOST_EVENTS:]
            while len(payload := _EVENTS.dump_json(events, by_alias=True)) > MAX_HISTORY_BYTES - _ENVELOPE_BYTES:
                events = events[1:]
            self._database.set_fact(_FACT, payload)

    def message(self, project: ProjectId) -> EventHistory | None:
        """All of them as one message, the oldest first; None when nothing has happened yet."""
        events = self._read()
        return EventHistory(project=project, events=events) if events else None

    def _read(self) -> tuple[PastEvent, ...]:
        try:
            events = _EVENTS.validate_json(self._database.fact(_FACT) or b"[]")
        except ValidationError:  # of a version whose events differ
            return ()
        return tuple(event for event in events if not isinstance(event, ShardUpdate))


def _is_ended(before: PastEvent, *, by: PastEvent) -> bool:
    """Whether an event is the start of an image of which another one is the end."""
    is_end = isinstance(by, Error) or (isinstance(by, ProcessingComplete) and not by.is_refetch)
    return is_end and isinstance(before, ProcessingStarted) and before.image_id == by.image_id
