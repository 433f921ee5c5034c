"""Earlier versions over HTTP: for those who see the project, asked for once, checked, and only what is kept."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from broker.ids import Encoding, Verb
from broker.messages import Request
from broker.mosquitto import Mosquitto
from broker.shards import encode, sha256
from broker.wire.history_channels import EARLIER_SHARD
from tests.integration.viewer.answerer import Answerer, answering
from tests.integration.viewer.conftest import basic, credentials_of
from tests.integration.viewer.publisher import CHAPEL, Publisher, random_cloud

BODIES = {sha256(body): body for body in (encode(random_cloud(500, seed), Encoding.PACKED) for seed in range(3))}
FIRST = next(iter(BODIES))
KEPT = 3


class Reconstructor(Answerer):
    """Has the points of generation 3 alone."""

    refusal = "generation_not_kept"

    async def prepare(self, user: str, request: Request) -> bool:
        is_known = request.generation == KEPT
        for index, body in enumerate(BODIES.values() if is_known else ()):
            await self.publish(
                EARLIER_SHARD.outgoing(self.space, CHAPEL, body, user=user, generation=KEPT, index=index)
            )
        return is_known


@pytest.fixture
async def reconstructor(mosquitto: Mosquitto, publisher: Publisher) -> AsyncIterator[Reconstructor]:
    await publisher.state()
    answerer = Reconstructor(mosquitto)
    async with answering(answerer):
        yield answerer


async def get(
    page: str, rest: str, mosquitto: Mosquitto, user: str = "viewer", project: str = CHAPEL
) -> tuple[int, bytes]:
    headers = basic(*credentials_of(mosquitto.connection(user)))
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{page}/projects/{project}/shard/{rest}") as answer,
    ):
        return answer.status, await answer.read()


async def test_all_shards_of_a_version_come_by_one_request_in_the_askers_name(
    reconstructor: Reconstructor, page: str, mosquitto: Mosquitto
) -> None:
    wanted = [f"{digest}?generation={KEPT}" for digest in BODIES]
    answers = await asyncio.gather(*(get(page, each, mosquitto) for each in wanted))
    assert answers == [(200, body) for body in BODIES.values()]
    assert [(user, each.verb, each.generation) for user, each in reconstructor.asked] == [
        ("viewer", Verb.EARLIER, KEPT)
    ]
    assert await get(page, wanted[0], mosquitto, user="anna") == (200, BODIES[FIRST])
    assert len(reconstructor.asked) == 1  # the page server has it


async def test_a_version_that_is_not_kept_is_said_to_be_gone(
    reconstructor: Reconstructor, page: str, mosquitto: Mosquitto
) -> None:
    status, body = await get(page, f"{FIRST}?generation=1", mosquitto)
    assert (status, b"not kept any more" in body) == (404, True)
    status, body = await get(page, f"{'0' * 64}?generation={KEPT}", mosquitto)
    assert (status, b"has no shard" in body) == (404, True)
    assert await get(page, f"{'1' * 64}?generation=1&missing=204", mosquitto) == (204, b"")


async def test_strangers_and_wrong_names_ask_nobody(
    reconstructor: Reconstructor, page: str, mosquitto: Mosquitto
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{page}/projects/{CHAPEL}/shard/{FIRST}?generation={KEPT}") as answer,
    ):
        assert answer.status == 401
    assert (await get(page, f"{FIRST}?generation={KEPT}", mosquitto, project="tower"))[0] == 404
    for wrong in ("0", "-1", "x", "+", "%23", "1" * 40):
        assert (await get(page, f"{FIRST}?generation={wrong}", mosquitto))[0] == 404
    assert (await get(page, f"{FIRST[:-1]}?generation={KEPT}", mosquitto))[0] == 404
    assert reconstructor.asked == []


async def test_a_version_of_one_project_is_none_of_another(
    reconstructor: Reconstructor, page: str, mosquitto: Mosquitto
) -> None:
    assert (await get(page, f"{FIRST}?generation={KEPT}", mosquitto))[0] == 200
    assert (await get(page, f"{FIRST}?generation={KEPT}", mosquitto, project="castle"))[0] == 404
