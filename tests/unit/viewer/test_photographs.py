"""Are those photographs kept that were looked at last, within the limit?"""

import pytest

from broker.config import Connection
from broker.ids import ImageId, ProjectId
from viewer import photographs
from viewer.photographs import Photograph, PhotographKey, Photographs


def key(number: int) -> PhotographKey:
    return PhotographKey(ProjectId("chapel"), ImageId(f"walk-{number:06d}-0123456789abcdef"), 2048)


async def test_the_photographs_looked_at_last_are_kept_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[PhotographKey] = []

    async def ask(_connection: Connection, wanted: PhotographKey) -> Photograph:
        asked.append(wanted)
        return Photograph(jpeg=b"x" * 100, is_preview=False)

    monkeypatch.setattr(photographs, "_ask", ask)
    kept = Photographs(cache_bytes=250)
    for number in (1, 2, 1, 3, 1, 2):  # the third pushes the second out, which was not looked at again
        await kept.get(Connection(), key(number))
    assert asked == [key(1), key(2), key(3), key(2)]
