"""What does the agent count while it runs? Errors, restarts, refused photographs, and the alarms that stand."""

from dataclasses import dataclass, field

from broker.errors import CairnError


@dataclass(slots=True, kw_only=True)
class Counters:
    """What the agent counts since it started."""

    camera_error_count: int = 0
    camera_restart_count: int = 0
    # Taken and not kept: the spool was full and its policy is to reject.
    refused_count: int = 0
    # Files of a folder that are not taken, each with its reason.
    left_out: list[str] = field(default_factory=list)
    reconnect_count: int = 0
    last_error: str | None = None
    alarms: set[str] = field(default_factory=set)

    def note_error(self, error: CairnError) -> None:
        self.last_error = error.sentence
