"""Is the list of retained messages complete on brokers that bring them late, or only some of a wildcard's?"""

import asyncio

import pytest

from broker.channel import clearing_of
from broker.contract import CAMERA_PAGE, SHARD
from broker.delivery import Delivery
from broker.ids import Encoding, PageDigest
from broker.manifest import EncodedShard, ShardEntry
from broker.mosquitto import Mosquitto
from broker.shards import sha256
from reconstructor.lifecycle.removal import clear_retained
from reconstructor.publishing.retained import ShardKey, list_retained
from reconstructor.publishing.retained_claims import RetainedClaims
from tests.integration.reconstructor.another_broker import another_broker
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, SPACE
from tests.manifests import BOX, paged

SHARD_COUNT, PAGE_COUNT = 200, 4


def body(index: int) -> bytes:
    return f"shard {index}".encode()


def entry(index: int) -> ShardEntry:
    encoded = EncodedShard(encoding=Encoding.PACKED, size_bytes=len(body(index)), sha256=sha256(body(index)))
    known = {"index": index, "level": 0, "kind": "reference", "point_count": 1, "bounds": BOX}
    return ShardEntry.model_validate(known | {"encodings": (encoded,)})


async def publish(mosquitto: Mosquitto, *, withheld: frozenset[int] = frozenset()) -> None:
    """Retain shards, the pages that name all of them, and the manifest."""
    async with Delivery(mosquitto.connection("reconstructor"), client_id="p", session_expiry_s=0) as delivery:
        await delivery.wait_connected(PATIENCE_S)
        shards = [
            SHARD.outgoing(SPACE, PROJECT, body(index), generation=1, encoding="packed", index=index)
            for index in range(SHARD_COUNT)
        ]
        lost = [shards[index].topic for index in withheld]
        manifest = paged(PROJECT, [entry(index) for index in range(SHARD_COUNT)]).outgoing(SPACE)
        await asyncio.gather(*(delivery.publish(each) for each in [*shards, *manifest]))
        await asyncio.gather(*(delivery.publish(clearing_of(topic)) for topic in lost))


def keys(indexes: set[int]) -> dict[ShardKey, str]:
    return {ShardKey(1, Encoding.PACKED, index): sha256(body(index)) for index in indexes}


@pytest.mark.parametrize("late_s", [0.0, 0.1])
async def test_all_is_listed_though_our_own_message_overtakes_what_is_retained(
    mosquitto: Mosquitto, late_s: float
) -> None:
    await publish(mosquitto)
    async with another_broker(mosquitto.plan.port, late_s=late_s) as broker:
        connection = mosquitto.connection("reconstructor").model_copy(update={"port": broker.port})
        retained = await list_retained(connection, PROJECT)
    assert retained.digests == keys(set(range(SHARD_COUNT)))
    assert (len(retained.pages), retained.torn, retained.manifest != b"") == (PAGE_COUNT, set(), True)


async def test_what_a_wildcard_keeps_back_is_asked_for_by_its_topic(mosquitto: Mosquitto) -> None:
    await publish(mosquitto, withheld=frozenset({3, 150}))
    async with another_broker(mosquitto.plan.port, most_of_a_subscription=70) as broker:
        connection = mosquitto.connection("reconstructor").model_copy(update={"port": broker.port})
        retained = await list_retained(connection, PROJECT)
        assert broker.kept_back_count > 0
    assert retained.digests == keys(set(range(SHARD_COUNT)) - {3, 150})
    assert len(retained.pages) == PAGE_COUNT


async def test_a_broker_that_lost_many_shards_is_asked_for_one_window_of_them(mosquitto: Mosquitto) -> None:
    await publish(mosquitto, withheld=frozenset(range(10, SHARD_COUNT)))
    retained = await list_retained(mosquitto.connection("reconstructor"), PROJECT)
    assert retained.digests == keys(set(range(10)))


async def test_a_torn_page_is_no_page_and_keeps_nothing_from_being_listed(mosquitto: Mosquitto) -> None:
    await publish(mosquitto)
    wrong = CAMERA_PAGE.outgoing(SPACE, PROJECT, b"{}", page=PageDigest("0" * 32))
    async with Delivery(mosquitto.connection("reconstructor"), client_id="p", session_expiry_s=0) as delivery:
        await delivery.wait_connected(PATIENCE_S)
        await delivery.publish(wrong)
    retained = await list_retained(mosquitto.connection("reconstructor"), PROJECT)
    assert (retained.torn, len(retained.digests)) == ({wrong.topic}, SHARD_COUNT)


async def test_a_project_is_cleared_on_a_broker_that_lists_only_a_part(mosquitto: Mosquitto) -> None:
    await publish(mosquitto)
    async with another_broker(mosquitto.plan.port, most_of_a_subscription=90) as broker:
        connection = mosquitto.connection("reconstructor").model_copy(update={"port": broker.port})
        assert await clear_retained(connection, PROJECT, "reconstructor-chapel-none") == SHARD_COUNT + PAGE_COUNT + 1
    retained = await list_retained(mosquitto.connection("reconstructor"), PROJECT)
    assert (retained.digests, retained.pages, retained.manifest) == ({}, set(), b"")


async def test_a_manifest_that_comes_behind_our_own_message_is_seen_before_a_store_claims_the_project(
    mosquitto: Mosquitto,
) -> None:
    await publish(mosquitto)
    async with another_broker(mosquitto.plan.port, late_s=0.1) as broker:
        connection = mosquitto.connection("reconstructor").model_copy(update={"port": broker.port})
        async with asyncio.timeout(PATIENCE_S), RetainedClaims(PROJECT, connection) as claims:
            await claims.look()
            assert claims.seen.manifest is not None
