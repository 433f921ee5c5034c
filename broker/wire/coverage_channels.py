"""Who may say what is covered and where to stand? The rows of the contract for coverage and advice."""

from typing import Final

from broker.coverage.messages import MOST_GRID_BYTES, Advice, Coverage
from broker.topics import TopicTemplate
from broker.wire.channel_kinds import AGENT, OPS, VIEWERS, to_viewers

COVERAGE: Final = to_viewers(
    name="coverage",
    template=TopicTemplate("coverage/current"),
    meaning="what the retained grid of coverage tells: which generation, how many cells, and the grid's digest",
    messages=(Coverage,),
    is_retained=True,
    max_bytes=4096,
)
COVERAGE_GRID: Final = to_viewers(
    name="coverage_grid",
    template=TopicTemplate("coverage/grid"),
    meaning="how well each cell of the object is photographed, packed; published before `coverage/current`",
    is_retained=True,
    content_type="application/octet-stream",
    max_bytes=MOST_GRID_BYTES,
)
ADVICE: Final = to_viewers(
    name="advice",
    template=TopicTemplate("advice/current"),
    meaning="where the next photographs are wanted: at most three places, or that the walk is unfinished",
    messages=(Advice,),
    is_retained=True,
    max_bytes=16 * 1024,
    readers=VIEWERS | OPS | AGENT,
)
COVERAGE_CHANNELS: Final = (COVERAGE, COVERAGE_GRID, ADVICE)
