"""Shards by digest over HTTP: for those who may see the project, once from the broker, and checked."""

import asyncio
import hashlib
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from broker.ids import Encoding
from broker.mosquitto import Mosquitto
from broker.shards import encode
from tests.integration.viewer.conftest import basic, credentials_of, serving
from tests.integration.viewer.publisher import CHAPEL, Publisher, random_cloud
from viewer.config import Settings
from viewer.shards import source

CLOUDS = [random_cloud(500, seed) for seed in range(20)]
BODIES = {hashlib.sha256(body).hexdigest(): body for body in (encode(each, Encoding.PACKED) for each in CLOUDS)}
FIRST = next(iter(BODIES))


async def get(
    page: str, sha256: str, mosquitto: Mosquitto, user: str = "viewer", project: str = CHAPEL
) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            f"{page}/projects/{project}/shard/{sha256}", headers=basic(*credentials_of(mosquitto.connection(user)))
        ) as answer,
    ):
        return answer.status, await answer.read()


async def test_a_shard_comes_by_its_digest_and_may_be_kept_for_good(
    page: str, publisher: Publisher, mosquitto: Mosquitto
) -> None:
    await publisher.state()
    await publisher.reference_set(CLOUDS)
    async with aiohttp.ClientSession(headers=basic(*credentials_of(mosquitto.connection("viewer")))) as session:
        async with session.get(f"{page}/projects/{CHAPEL}/shard/{FIRST}") as answer:
            assert (answer.status, await answer.read()) == (200, BODIES[FIRST])
            assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
            assert answer.headers["Vary"] == "Authorization"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        again = {"If-None-Match": answer.headers["ETag"]}
        async with session.get(f"{page}/projects/{CHAPEL}/shard/{FIRST}", headers=again) as answer:
            assert answer.status == 304


async def test_many_who_ask_at_once_get_all_and_the_broker_is_asked_once(
    page: str, publisher: Publisher, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publisher.state()
    await publisher.reference_set(CLOUDS)
    kept: list[str] = []
    monkeypatch.setattr(source.ShardSource, "_settle", _counting(source.ShardSource._settle, kept))
    answers = await asyncio.gather(*(get(page, each, mosquitto) for each in [*BODIES] * 3))
    assert answers == [(200, BODIES[each]) for each in [*BODIES] * 3]
    assert sorted(kept) == sorted(BODIES)


def _counting(settle: object, kept: list[str]) -> object:
    def counting(self: source.ShardSource, sha256: str, error: object) -> None:
        if error is None:
            kept.append(sha256)
        settle(self, sha256, error)  # type: ignore[operator]

    return counting


async def test_strangers_others_and_wrong_digests_get_nothing(
    page: str, publisher: Publisher, mosquitto: Mosquitto
) -> None:
    await publisher.state()
    await publisher.reference_set(CLOUDS)
    assert (await get(page, FIRST, mosquitto))[0] == 200
    async with aiohttp.ClientSession() as session, session.get(f"{page}/projects/{CHAPEL}/shard/{FIRST}") as answer:
        assert answer.status == 401
    assert (await get(page, FIRST, mosquitto, project="tower"))[0] == 404
    assert await get(page, "0" * 64 + "?missing=204", mosquitto) == (204, b"")
    assert await get(page, FIRST + "?missing=204", mosquitto, project="tower") == (204, b"")
    assert await get(page, FIRST + "?missing=204", mosquitto) == (200, BODIES[FIRST])
    for wrong in ("0" * 64, FIRST[:-1], FIRST.upper(), "..%2f..%2fetc%2fpasswd"):
        assert (await get(page, wrong, mosquitto))[0] == 404


async def test_a_new_shard_comes_after_a_manifest_was_read_and_one_that_is_cleared_is_not_there(
    page: str, publisher: Publisher, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "READ_AGAIN_S", 0.0)
    await publisher.state()
    await publisher.reference_set(CLOUDS[:1])
    second = list(BODIES)[1]
    assert (await get(page, second, mosquitto))[0] == 404
    await publisher.reference_set(CLOUDS[1:2], generation=2)
    assert await get(page, second, mosquitto) == (200, BODIES[second])
    assert (await get(page, FIRST, mosquitto))[0] == 404  # nobody asked for it while it was there


async def test_a_shard_that_the_broker_lost_keeps_no_other_one_back(
    page: str, publisher: Publisher, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PATIENCE_S", 60.0)
    await publisher.state()
    manifest = await publisher.reference_set(CLOUDS[:3])
    await publisher.shard(manifest.generation, Encoding.PACKED, 0, b"")
    third, second = list(BODIES)[2], list(BODIES)[1]
    assert await get(page, third, mosquitto) == (200, BODIES[third])  # the manifest is read
    lost = asyncio.create_task(get(page, FIRST, mosquitto))
    await asyncio.sleep(0.5)
    assert await get(page, second, mosquitto) == (200, BODIES[second])
    assert not lost.done()
    await publisher.shard(manifest.generation, Encoding.PACKED, 0, BODIES[FIRST])
    assert await lost == (200, BODIES[FIRST])


async def test_a_damaged_shard_is_not_served_and_the_next_question_finds_the_right_one(
    page: str, publisher: Publisher, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PATIENCE_S", 1.0)
    await publisher.state()
    manifest = await publisher.reference_set(CLOUDS[:1])
    await publisher.shard(manifest.generation, Encoding.PACKED, 0, b"x" * len(BODIES[FIRST]))
    status, body = await get(page, FIRST, mosquitto)
    assert (status, b"no_answer" in body) == (504, True)
    with capture_logs() as logs:
        assert await get(page, FIRST + "?missing=204", mosquitto) == (204, b"")
    assert [each["code"] for each in logs if each["event"] == "shard_not_served"] == ["no_answer"]
    await publisher.shard(manifest.generation, Encoding.PACKED, 0, BODIES[FIRST])
    assert await get(page, FIRST, mosquitto) == (200, BODIES[FIRST])


async def test_shards_outlive_the_broker_on_the_disk_within_the_limit(
    settings: Settings, publisher: Publisher, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = settings.model_copy(update={"shard_cache_bytes": 2 * len(BODIES[FIRST]) + 100, "needs_login": False})
    await publisher.state()
    await publisher.reference_set(CLOUDS[:3])
    first, second, third = list(BODIES)[:3]
    async with serving(small) as page, asyncio.timeout(30):
        while (await get(page, first, mosquitto))[0] != 200:  # until the page server knows the project
            await asyncio.sleep(0.05)
        for each in (first, second, third):
            assert (await get(page, each, mosquitto))[0] == 200
        mosquitto.kill()
        assert [(await get(page, each, mosquitto))[0] for each in (second, third)] == [200, 200]
        assert (await get(page, first, mosquitto))[0] >= 500


async def test_a_disk_that_takes_no_shard_is_said_to_be_the_trouble(
    settings: Settings, publisher: Publisher, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    await publisher.state()
    await publisher.reference_set(CLOUDS)
    (no_folder := tmp_path / "file").touch()
    with capture_logs() as logs:
        async with serving(settings.model_copy(update={"shard_cache_folder": no_folder})) as page, asyncio.timeout(30):
            while (answer := await get(page, FIRST, mosquitto))[0] == 404:  # until the project is known
                await asyncio.sleep(0.05)
    assert (answer[0], b"no_room_for_shards" in answer[1]) == (503, True)
    assert [each["code"] for each in logs if each["event"] == "shards_not_kept"] == ["no_room_for_shards"]
