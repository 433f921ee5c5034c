"""Accounts come and go while others work: on MQTT, through the page server's relay and over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from broker.accounts.access import User
from broker.accounts.invitation_secret import BadInvitationError, Link, Secret
from broker.accounts.invitations import Invitations
from broker.accounts.keeper import SOCKET_NAME
from broker.accounts.keeper_requests import Redemption
from broker.accounts.passwords import hashed
from broker.accounts.users import UserBook
from broker.clients.refusals import PublishRefusedError
from broker.config import Connection
from broker.contract import IMAGE, REQUEST
from broker.ids import ConnectionId, ProjectId, RequestId, Verb
from broker.live import BrokerLostError, Follower, follow
from broker.messages import Request
from broker.mosquitto import free_port
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from edge_agent.join import redeem
from tests.integration.broker.program import client, comes_in, fails, started
from tests.integration.viewer.conftest import basic, serving, through_relay
from viewer.config import Settings

PROJECT = ProjectId("chapel")
SPACE = TopicSpace()
TALK_S = 0.05
IN_WITHIN_S = 20.0  # the target is 1 s; a busy machine may need longer
OUT_WITHIN_S = 20.0


@dataclass
class Site:
    """A broker of its own process, its page server, and everybody's password."""

    folder: Path
    port: int
    page: str
    passwords: dict[str, str] = field(default_factory=dict)

    def connection(self, name: str) -> Connection:
        return Connection(port=self.port, username=name, password=SecretStr(self.passwords[name]))

    def invited(self, name: str, role: str, **lasts: float) -> Link:
        user = User.build(name, role, [PROJECT])
        secret = Invitations(self.folder).add(user, lasts=timedelta(**lasts), uses=1)
        return Link(page=f"{self.page}/", host="127.0.0.1", secret=secret)


@asynccontextmanager
async def site(folder: Path, **people: str) -> AsyncIterator[Site]:
    port, book = free_port(), UserBook(folder)
    passwords = {
        name: book.add(User.build(name, role, [PROJECT])).password
        for name, role in ({"page": "viewer"} | {name.replace("_", "-"): role for name, role in people.items()}).items()
    }
    with started(folder, port):
        page_user = Connection(port=port, username="page", password=SecretStr(passwords["page"]))
        settings = Settings(broker=page_user, port=0, projects=(PROJECT,), keeper_socket=folder / SOCKET_NAME)
        async with serving(settings) as page:
            yield Site(folder, port, page, passwords)


def ping(name: str) -> Outgoing:
    request = Request(project=PROJECT, id=RequestId("r1"), verb=Verb.PING, connection=ConnectionId("c1"))
    return REQUEST.outgoing(SPACE, PROJECT, request, user=name, verb=Verb.PING)


async def talk(publisher: Any, name: str, counts: dict[str, int]) -> None:
    """Publish twenty times a second; a connection that ends ends the test."""
    while True:
        await publisher.publish(ping(name))
        counts[name] = counts.get(name, 0) + 1
        await asyncio.sleep(TALK_S)


async def ends(follower: Follower) -> None:
    with pytest.raises(BrokerLostError):
        async for _ in follower.messages():
            pass


async def http_status(page: str, name: str, password: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{page}/projects", headers=basic(name, password)) as got,
    ):
        return got.status


async def test_one_is_added_and_one_removed_while_five_talk(tmp_path: Path) -> None:
    talkers = {"rig_1": "agent", "rig_2": "agent", "anna": "contributor", "bert": "contributor", "vera": "viewer"}
    counts: dict[str, int] = {}
    async with (
        site(tmp_path, carl="viewer", **talkers) as here,
        AsyncExitStack() as stack,
        asyncio.TaskGroup() as tasks,
    ):
        lasting = {
            name: await stack.enter_async_context(client(here.port, name, here.passwords[name]))
            for name in ("rig-1", "rig-2", "anna", "carl")
        }
        relayed = {
            name: await stack.enter_async_context(follow(through_relay(here.connection(name), here.page)))
            for name in ("bert", "vera", "carl")
        }
        talking = [
            tasks.create_task(talk(publisher, name, counts))
            for name, publisher in [*lasting.items(), *relayed.items()]
            if name != "carl"
        ]
        assert await http_status(here.page, "carl", here.passwords["carl"]) == HTTPStatus.OK

        dora = UserBook(tmp_path).add(User.build("dora", "viewer", [PROJECT])).password
        began_s = time.monotonic()
        await comes_in(stack, here.port, "dora", dora, within_s=IN_WITHIN_S)
        assert time.monotonic() - began_s < IN_WITHIN_S

        UserBook(tmp_path).remove("carl")
        async with asyncio.timeout(OUT_WITHIN_S):
            await asyncio.gather(fails(lasting["carl"], within_s=OUT_WITHIN_S), ends(relayed["carl"]))
            while await http_status(here.page, "carl", here.passwords["carl"]) != HTTPStatus.UNAUTHORIZED:
                await asyncio.sleep(0.3)
        before = dict(counts)
        async with asyncio.timeout(30):
            while any(counts[name] == before[name] for name in counts):
                await asyncio.sleep(TALK_S)
        assert {each.connect_count for name, each in lasting.items() if name != "carl"} == {1}
        assert len(counts) == 5
        for task in talking:
            task.cancel()


async def redeemed(here: Site, secret: Secret, password: str) -> tuple[int, dict[str, Any]]:
    """Use a person's link, as the page does."""
    password_hash = hashed(password)
    wish = Redemption(password_hash=password_hash, proof=secret.key.proof(password_hash, ""))
    address = f"{here.page}/invitations/{secret.invitation_id}"
    async with aiohttp.ClientSession() as session, session.post(address, json=wish.model_dump()) as got:
        return got.status, await got.json()


async def test_a_stolen_link_gives_what_it_says_once_and_in_its_time(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        short = here.invited("late", "viewer", seconds=0.5)
        link = here.invited("vera", "viewer", hours=1)
        status, _ = await redeemed(here, link.secret, "the thief's own password")
        assert status == HTTPStatus.OK
        async with AsyncExitStack() as stack:
            thief = await comes_in(stack, here.port, "vera", "the thief's own password", within_s=IN_WITHIN_S)
            image = IMAGE.outgoing(
                SPACE, PROJECT, b"\xff\xd8", content_type="image/jpeg", sender="vera", image_name="fake"
            )
            with pytest.raises(PublishRefusedError, match="Not authorized"):
                await thief.publish(image)
        status, answer = await redeemed(here, link.secret, "again")
        assert (status, answer["code"]) == (HTTPStatus.FORBIDDEN, "bad_invitation")
        assert "used up" in answer["reason"]
        status, answer = await redeemed(here, short.secret, "too late")
        assert (status, "this invitation ended on" in answer["reason"]) == (HTTPStatus.FORBIDDEN, True)
        rig = here.invited("rig-9", "agent", hours=1)
        assert (await asyncio.to_thread(redeem, rig)).agent == "rig-9"
        with pytest.raises(BadInvitationError, match="used up"):
            await asyncio.to_thread(redeem, rig)
