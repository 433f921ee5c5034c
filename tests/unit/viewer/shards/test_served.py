"""The page server's shards end in order, also when a late question comes meanwhile."""

from pathlib import Path
from typing import cast

from broker.ids import ProjectId
from viewer.config import Settings
from viewer.shards.served import ServedShards
from viewer.shards.source import ShardSource


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


class Source:
    """A source that makes another one while it is closed, as a late question does."""

    def __init__(self, served: ServedShards) -> None:
        self._served, self.is_closed = served, False

    async def close(self) -> None:
        self.is_closed = True
        self._served._sources[ProjectId("late")] = cast("ShardSource", self)


async def test_a_question_that_comes_while_the_connections_end_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    served = ServedShards(Settings(shard_cache_folder=tmp_path))
    await served._kept.keep("a", b"1")
    source = Source(served)
    served._sources[ProjectId("chapel")] = cast("ShardSource", source)
    await served.close()
    assert source.is_closed
    assert names_in(tmp_path) == []
