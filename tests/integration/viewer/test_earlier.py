"""Earlier versions over HTTP: for those who see the project, asked for once, checked, and only what is kept."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from broker.contract import REQUEST, RESPONSE, match
from broker.delivery import Delivery
from broker.envelope import decode
from broker.ids import Encoding, Verb
from broker.messages import Request, Response
from broker.mosquitto import Mosquitto
from broker.shards import encode, sha256
from broker.wire.history_channels import EARLIER_SHARD
from tests.integration.viewer.conftest import basic, credentials_of
from tests.integration.viewer.publisher import CHAPEL, Publisher, random_cloud

BODIES = {sha256(body): body for body in (encode(random_cloud(500, seed), Encoding.PACKED) for seed in range(3))}
FIRST = next(iter(BODIES))
KEPT = 3


class Reconstructor:
    """Has the points of generation 3 alone."""

    def __init__(self, mosquitto: Mosquitto) -> None:
        connection = mosquitto.connection("reconstructor")
        self._space = connection.space
        topics = (self._space.filter(REQUEST.template, CHAPEL),)
        self._delivery = Delivery(connection, client_id="historian", session_expiry_s=0, subscriptions=topics)
        self.asked: list[tuple[str, Request]] = []

    async def run(self) -> None:
        async with self._delivery as delivery:
            async for message in delivery.messages():
                message.acknowledge()
                user = str(match(self._space, message.topic).user)
                await self._answer(user, decode(message.payload, Request))

    async def _answer(self, user: str, request: Request) -> None:
        self.asked.append((user, request))
        is_known = request.generation == KEPT
        for index, body in enumerate(BODIES.values() if is_known else ()):
            await self._delivery.publish(
                EARLIER_SHARD.outgoing(self._space, CHAPEL, body, user=user, generation=KEPT, index=index)
            )
        response = Response(
            project=CHAPEL,
            id=request.id,
            verb=request.verb,
            is_done=is_known,
            code=None if is_known else "generation_not_kept",
            reason=None if is_known else "generation 1 is not kept any more",
            request_sent_at=request.sent_at,
            received_at=request.sent_at,
        )
        await self._delivery.publish(
            RESPONSE.outgoing(self._space, CHAPEL, response, user=user, connection=request.connection)
        )


@pytest.fixture
async def reconstructor(mosquitto: Mosquitto, publisher: Publisher) -> AsyncIterator[Reconstructor]:
    await publisher.state()
    answering = Reconstructor(mosquitto)
    task = asyncio.create_task(answering.run())
    yield answering
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


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
