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
from viewer import manifest_reader
from viewer.fetch import Fetch, LoadedShard, ManifestMovedError, ShardMissingError
from viewer.manifest_reader import NoManifestError, PageMissingError
from viewer.wanted import WantedShard, wanted_shards


def in_order(indexes: Iterable[int]) -> list[int]:
    return sorted(indexes)


async def load(fetch: Fetch, plan: tuple[WantedShard, ...]) -> list[LoadedShard]:
    return [loaded async for loaded in fetch.shards(plan)]


async def test_every_shard_comes_once_coarse_first_and_verified(mosquitto: Mosquitto, publisher: Publisher) -> None:
    clouds = [random_cloud(50 + number, number) for number in range(37)]
    await publisher.reference_set(clouds)
    connection = mosquitto.connection("viewer")
    async with follow(connection) as follower, asyncio.timeout(30):
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
    monkeypatch.setattr(manifest_reader, "_SILENCE_S", 0.2)
    monkeypatch.setattr(manifest_reader, "_RESYNC_S", 0.5)


async def test_a_missing_shard_is_asked_for_and_comes(mosquitto: Mosquitto, publisher: Publisher, hasty: None) -> None:
    clouds = [random_cloud(20, number) for number in range(5)]
    await publisher.reference_set(clouds, withheld=(3,))
    connection, reader = mosquitto.connection("viewer"), mosquitto.connection("reconstructor")
    async with follow(reader) as reconstructor, follow(connection) as follower, asyncio.timeout(30):
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
    async with follow(connection) as follower, asyncio.timeout(30):
        fetch = Fetch(follower, connection, CHAPEL)
        plan = wanted_shards(await fetch.manifest(), Encoding.PLY)
        with pytest.raises(ShardMissingError, match=r"1 shards .* \(index 1\)"):
            await load(fetch, plan)


async def test_a_late_joiner_has_every_shard_of_20000(mosquitto: Mosquitto, publisher: Publisher) -> None:
    await publisher.reference_set([random_cloud(20)])
    (entry,) = publisher.entries
    entries = [entry.model_copy(update={"index": index}) for index in range(20_000)]
    manifest = await publisher.pointer(entries, revision=1)
    assert len(manifest.encode()) < 16_000
    connection = mosquitto.connection("viewer")
    async with follow(connection) as follower, asyncio.timeout(60):
        complete = await Fetch(follower, connection, CHAPEL).manifest()
    assert [each.index for each in complete.shards] == list(range(20_000))


async def test_a_page_that_is_gone_is_asked_for_and_comes(
    mosquitto: Mosquitto, publisher: Publisher, hasty: None
) -> None:
    await publisher.reference_set([random_cloud(20)])
    await publisher.pointer(publisher.entries, generation=2, withheld_pages=(0,))
    connection, reader = mosquitto.connection("viewer"), mosquitto.connection("reconstructor")
    async with follow(reader) as reconstructor, follow(connection) as follower, asyncio.timeout(30):
        await reconstructor.subscribe(reader.space.filter(REQUEST.template, CHAPEL))
        reading = asyncio.create_task(Fetch(follower, connection, CHAPEL).manifest())
        request = decode((await anext(reconstructor.messages())).payload, Request)
        assert (request.verb, request.generation, request.shards) == ("resync", 2, ())
        await publisher.pointer(publisher.entries, generation=2)
        assert [each.index for each in (await reading).shards] == [0]


async def test_a_newer_manifest_replaces_one_whose_pages_are_gone(
    mosquitto: Mosquitto, publisher: Publisher, hasty: None
) -> None:
    await publisher.reference_set([random_cloud(20)])
    old = await publisher.pointer(publisher.entries, revision=1, generation=2, withheld_pages=(0,))
    connection = mosquitto.connection("viewer")
    async with follow(connection) as follower, asyncio.timeout(30):
        reading = asyncio.create_task(Fetch(follower, connection, CHAPEL).manifest())
        await asyncio.sleep(0.1)
        newer = await publisher.pointer(publisher.entries, revision=2, generation=3)
        assert (await reading).manifest == newer != old


async def test_a_page_that_never_comes_is_said_in_words(
    mosquitto: Mosquitto, publisher: Publisher, hasty: None
) -> None:
    await publisher.reference_set([random_cloud(20)])
    await publisher.pointer(publisher.entries, generation=2, withheld_pages=(0,))
    connection = mosquitto.connection("viewer")
    async with follow(connection) as follower, asyncio.timeout(30):
        with pytest.raises(PageMissingError, match="is the reconstructor running"):
            await Fetch(follower, connection, CHAPEL).manifest()


async def test_a_cleared_generation_tells_to_begin_again(
    mosquitto: Mosquitto, publisher: Publisher, hasty: None
) -> None:
    await publisher.reference_set([random_cloud(20)], withheld=(0,))
    connection = mosquitto.connection("viewer")
    async with follow(connection) as follower, asyncio.timeout(30):
        fetch = Fetch(follower, connection, CHAPEL)
        plan = wanted_shards(await fetch.manifest(), Encoding.PLY)
        await publisher.reference_set([random_cloud(30, 1)], generation=2)
        with pytest.raises(ManifestMovedError, match="generation 2"):
            await load(fetch, plan)
