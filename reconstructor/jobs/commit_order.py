"""In which order do an add and a refetch change the project that were in the black box at the same time? As it made them.

Each answer says how many complete solutions had been taken over when its points were made. Points of an earlier solution
are in the refetch's complete cloud already, so they must be shown before it and with what it replaces; points of the
refetch's own solution belong on top of it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from reconstructor.schedule import JobKind


@dataclass(slots=True, kw_only=True, eq=False)
class InFlightCall:
    """One call of the black box, until what it brought is stored or it came to nothing."""

    kind: JobKind
    solution: int | None = None  # what its answer says
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    landed: asyncio.Event = field(default_factory=asyncio.Event)


def is_add_first(add: int, refetch: int | None, known: int) -> bool:
    """Whether an add's answer comes before that of a refetch beside it.

    Args:
        add: the solution of the add's points.
        refetch: that of the refetch's, or None while it runs.
        known: the newest solution of which anything is stored.
    """
    return add <= known if refetch is None else add < refetch


class CommitOrder:
    """Holds answers back until it is their turn; `known` is the newest solution of which anything is stored."""

    def __init__(self, known: int) -> None:
        self._known = known
        self._flights: dict[JobKind, InFlightCall] = {}

    @contextmanager
    def flight(self, kind: JobKind) -> Iterator[InFlightCall]:
        """A call from its start to the end of its commit; at most one of each kind."""
        flight = self._flights[kind] = InFlightCall(kind=kind)
        try:
            yield flight
        finally:
            del self._flights[kind]
            flight.answered.set()
            flight.landed.set()

    async def turn(self, flight: InFlightCall, solution: int) -> None:
        """Wait until this answer may be stored. An add waits for a refetch only if its points stand on it."""
        flight.solution = solution
        flight.answered.set()
        if flight.kind is JobKind.REFETCH:
            await self._let_add_go(solution)
        else:
            await self._let_refetch_go(solution)
        self._known = max(self._known, solution)

    async def _let_add_go(self, solution: int) -> None:
        add = self._flights.get(JobKind.ADD)
        if add is None:
            return
        await add.answered.wait()  # it may have been made before, and seconds pass at the most
        if add.solution is not None and is_add_first(add.solution, solution, self._known):
            await add.landed.wait()

    async def _let_refetch_go(self, solution: int) -> None:
        refetch = self._flights.get(JobKind.REFETCH)
        if refetch is None or is_add_first(solution, refetch.solution, self._known):
            return
        await refetch.answered.wait()
        if refetch.solution is None or not is_add_first(solution, refetch.solution, self._known):
            await refetch.landed.wait()
