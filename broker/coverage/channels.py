"""Who may say what is covered and where to stand? The rows of the contract for coverage and advice."""

from typing import Final

from broker.channel import Channel, Role
from broker.coverage.messages import Advice, Coverage
from broker.topics import TopicTemplate

MOST_BYTES: Final = 512 * 1024
_WRITERS: Final = frozenset({Role.RECONSTRUCTOR})
_PEOPLE: Final = frozenset({Role.VIEWER, Role.CONTRIBUTOR, Role.OPERATOR, Role.OBSERVER})

COVERAGE: Final = Channel(
    name="coverage",
    template=TopicTemplate("coverage/current"),
    meaning="what the retained grid of coverage tells: which generation, how many cells, and the grid's digest",
    messages=(Coverage,),
    is_retained=True,
    max_bytes=4096,
    writers=_WRITERS,
    readers=_PEOPLE,
)
COVERAGE_GRID: Final = Channel(
    name="coverage_grid",
    template=TopicTemplate("coverage/grid"),
    meaning="how well each cell of the object is photographed, packed; published before `coverage/current`",
    is_retained=True,
    content_type="application/octet-stream",
    max_bytes=MOST_BYTES,
    writers=_WRITERS,
    readers=_PEOPLE,
)
ADVICE: Final = Channel(
    name="advice",
    template=TopicTemplate("advice/current"),
    meaning="where the next photographs are wanted: at most three places, or that the walk is unfinished",
    messages=(Advice,),
    is_retained=True,
    max_bytes=16 * 1024,
    writers=_WRITERS,
    readers=_PEOPLE | {Role.AGENT},
)
COVERAGE_CHANNELS: Final = (COVERAGE, COVERAGE_GRID, ADVICE)
