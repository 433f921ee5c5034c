"""In which order are the answers of an add and a concurrent refetch stored? A commit order by solution number.

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
    """One call of the black box, from its start until its answer is stored or discarded."""

    kind: JobKind
    # What its answer says; None until it has answered.
    solution: int | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    committed: asyncio.Event = field(default_factory=asyncio.Event)


def is_add_first(add: int, refetch: int | None, known: int) -> bool:
    """Whether an add's answer is stored before that of a concurrent refetch.

    Args:
        add: the solution that the add's points belong to.
        refetch: the solution that the refetch's points belong to, or None while it runs.
        known: the newest solution of which anything is stored.
    """
    return add <= known if refetch is None else add < refetch


class CommitOrder:
    """Delays answers until they may be stored; `known` is the newest solution of which anything is stored."""

    def __init__(self, known: int) -> None:
        self._known = known
        self._calls: dict[JobKind, InFlightCall] = {}

    @property
    def known(self) -> int:
        """The newest solution of which anything is stored."""
        return self._known

    @contextmanager
    def in_flight(self, kind: JobKind) -> Iterator[InFlightCall]:
        """Register a call from its start to the end of its commit; at most one of each kind."""
        call = self._calls[kind] = InFlightCall(kind=kind)
        try:
            yield call
        finally:
            del self._calls[kind]
            call.answered.set()
            call.committed.set()

    async def wait_to_commit(self, call: InFlightCall, solution: int) -> None:
        """Wait until this answer may be stored; an add waits for a refetch only if its points belong to the refetch's solution."""
        call.solution = solution
        call.answered.set()
        if call.kind is JobKind.REFETCH:
            await self._wait_for_add(solution)
        else:
            await self._wait_for_refetch(solution)
        self._known = max(self._known, solution)

    async def _wait_for_add(self, solution: int) -> None:
        add = self._calls.get(JobKind.ADD)
        if add is None:
            return
        # The add may have been made before the refetch's solution. It answers within seconds.
        await add.answered.wait()
        if add.solution is not None and is_add_first(add.solution, solution, self._known):
            await add.committed.wait()

    async def _wait_for_refetch(self, solution: int) -> None:
        refetch = self._calls.get(JobKind.REFETCH)
        if refetch is None or is_add_first(solution, refetch.solution, self._known):
            return
        await refetch.answered.wait()
        if refetch.solution is None or not is_add_first(solution, refetch.solution, self._known):
            await refetch.committed.wait()
