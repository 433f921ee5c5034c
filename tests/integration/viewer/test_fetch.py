"""Fetching from a real broker: every shard once, verified, and the way out when some do not come."""

import asyncio
from collections.abc import Iterable

import pytest

from broker.contract import REQUEST
from broker.envelope import decode
from broker.ids import Encoding, ProjectId
from broker.live import follow
from broker.messages import Request
from broker.mosquitto import Mosquitto
from broker.shards import encode, encode_ply
from tests.integration.viewer.publisher import CHAPEL, Publisher, random_cloud
from viewer import fetch as fetching
from viewer.fetch import Fetch, LoadedShard, ManifestMovedError, NoManifestError, ShardMissingError
from viewer.wanted import WantedShard, wanted_shards


def in_order(indexes: Iterable[int]) -> list[int]:
    return sorted(indexes)


async def load(fetch: Fetch, plan: tuple[WantedShard, ...]) -> list[LoadedShard]:
    return [loaded async for loaded in fetch.shards(plan)]


async def test_every_shard_comes_once_coarse_first_and_verified(mosquitto: Mosquitto, publisher: Publisher) -> None:
    clouds = [random_cloud(50 + number, number) for number in range(37)]
    await publisher.reference_set(clouds)
    connection = mosquitto.connection("viewer")
    async with follow(connection) as follower, asyncio.timeout(10):
        fetch = Fetch(follower, connection, CHAPEL)
        plan = wanted_shards(await fetch.manifest(), Encoding.PACKED)
        loaded = await load(fetch, plan)
    assert in_order(each.wanted.index for each in loaded) == list(range(37))
    assert loaded[0].wanted.index in range(16)
    assert all(each.payload == encode(clouds[each.wanted.index], Encoding.PACKED) for each in loaded)


async def test_a_project_without_manifest_is_said_in_words(mosquitto: Mosquitto) -> None:
    connection = mosquitto.connection("viewer")
    async with follow(connection) as follower:
        with pytest.raises(NoManifestError, match="may not read it"):
            await Fetch(follower, connection, ProjectId("nowhere")).manifest(timeout_s=0.3)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience in tenths of a second."""
    for silence in fetching._Silence:
        monkeypatch.setattr(
            silence, "_value_", {"LOADING": 0.2, "READING_MANIFEST": 2.0, "RESYNCING": 0.5}[silence.name]
        )


async def test_a_missing_shard_is_asked_for_and_comes(mosquitto: Mosquitto, publisher: Publisher, hasty: None) -> None:
    clouds = [random_cloud(20, number) for number in range(5)]
    await publisher.reference_set(clouds, withheld=(3,))
    connection, reader = mosquitto.connection("viewer"), mosquitto.connection("reconstructor")
    async with follow(reader) as reconstructor, follow(connection) as follower, asyncio.timeout(10):
        await reconstructor.subscribe(reader.space.filter(REQUEST.template, CHAPEL))
        fetch = Fetch(follower, connection, CHAPEL)
        plan = wanted_shards(await fetch.manifest(), Encoding.PLY)
        loading = asyncio.create_task(load(fetch, plan))
        request = decode((await anext(reconstructor.messages())).payload, Request)
        assert (request.verb, request.generation, request.shards) == ("resync", 1, (3,))
        await publisher.shard(1, Encoding.PLY, 3, encode_ply(clouds[3]))
        loaded = await loading
    assert in_order(each.wanted.index for each in loaded) == list(range(5))


async def test_a_damaged_shard_is_not_taken(mosquitto: Mosquitto, publisher: Publisher, hasty: None) -> None:
    clouds = [random_cloud(20, number) for number in range(2)]
    await publisher.reference_set(clouds, withheld=(1,))
    good = encode_ply(clouds[1])
    await publisher.shard(1, Encoding.PLY, 1, good[:-1] + bytes([good[-1] ^ 1]))
    connection = mosquitto.connection("viewer")
    async with follow(connection) as follower, asyncio.timeout(10):
        fetch = Fetch(follower, connection, CHAPEL)
        plan = wanted_shards(await fetch.manifest(), Encoding.PLY)
        with pytest.raises(ShardMissingError, match=r"1 shards .* \(index 1\)"):
            await load(fetch, plan)


async def test_a_cleared_generation_tells_to_begin_again(
    mosquitto: Mosquitto, publisher: Publisher, hasty: None
) -> None:
    await publisher.reference_set([random_cloud(20)], withheld=(0,))
    connection = mosquitto.connection("viewer")
    async with follow(connection) as follower, asyncio.timeout(10):
        fetch = Fetch(follower, connection, CHAPEL)
        plan = wanted_shards(await fetch.manifest(), Encoding.PLY)
        await publisher.reference_set([random_cloud(30, 1)], generation=2)
        with pytest.raises(ManifestMovedError, match="generation 2"):
            await load(fetch, plan)
