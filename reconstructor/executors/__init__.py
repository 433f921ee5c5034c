"""Where does the black box run? One executor for each project; all of them answer to `Executor`."""

from pathlib import Path
from typing import Protocol

from reconstructor.worker import Call


class Executor(Protocol):
    """Run the calls of one project's black box and survive its failures."""

    @property
    def is_concurrent(self) -> bool:
        """Whether an image can be added while a refetch runs; known once started. If not, one call waits for the other."""
        ...

    @property
    def takes_previews(self) -> bool:
        """Whether the black box takes a photograph's preview before its original; known once started."""
        ...

    @property
    def reads_cloud(self) -> bool:
        """Whether the black box may open the present cloud; known once started."""
        ...

    @property
    def memory_bytes(self) -> int:
        """What the black box and all that it started had resident at the last look; 0 while it does not run."""
        ...

    async def start(self) -> None:
        """Load the black box before the first image needs it; raises BlackBoxNotFoundError."""
        ...

    async def call(self, call: Call, timeout_s: float) -> Path:
        """The folder that the black box returned; raises a CairnError whose code says what went wrong."""
        ...

    async def close(self) -> None:
        """Stop the black box, also in the middle of a call."""
        ...
