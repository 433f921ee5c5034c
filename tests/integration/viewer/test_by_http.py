"""`cairn view pull` over HTTP: all shards from the page server, or over MQTT what does not come from there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from broker.config import BadSettingsError, Connection
from broker.contract import SHARD, match
from broker.ids import Encoding
from broker.live import Follower
from broker.mosquitto import Mosquitto
from broker.shards import encode
from broker.topics import TopicSpace
from tests.integration.viewer.conftest import through_relay
from tests.integration.viewer.publisher import CHAPEL, Publisher, random_cloud
from viewer.export import write_ply
from viewer.shards.by_http import BadPageAddressError, page_of, shards_by_http

SPACE = TopicSpace()
CLOUDS = [random_cloud(300 + seed, seed) for seed in range(20)]


@pytest.fixture
def subscribed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Topics of shards that followers of this process subscribe to."""
    topics: list[str] = []
    subscribe = Follower.subscribe

    async def noting(self: Follower, *filters: str) -> None:
        topics.extend(each for each in filters if "+" not in each and match(SPACE, each).channel is SHARD)
        await subscribe(self, *filters)

    monkeypatch.setattr(Follower, "subscribe", noting)
    return topics


async def pull(connection: Connection, page: str, out: Path) -> bytes:
    async with asyncio.timeout(60), shards_by_http(page, connection, CHAPEL) as get:
        await write_ply(connection, CHAPEL, out, by_http=get)
    return await asyncio.to_thread(out.read_bytes)


@pytest.fixture
async def whole(mosquitto: Mosquitto, publisher: Publisher, tmp_path: Path) -> bytes:
    """The file as it is pulled over MQTT."""
    await publisher.state()
    await publisher.reference_set(CLOUDS)
    await write_ply(mosquitto.connection("viewer"), CHAPEL, tmp_path / "mqtt.ply")
    return (tmp_path / "mqtt.ply").read_bytes()


def points(ply: bytes) -> list[bytes]:
    body = ply.partition(b"end_header\n")[2]
    return sorted(body[at : at + 15] for at in range(0, len(body), 15))


async def test_all_shards_come_from_the_page_server_which_asks_the_broker_once(
    page: str, mosquitto: Mosquitto, whole: bytes, subscribed: list[str], tmp_path: Path
) -> None:
    subscribed.clear()
    for _ in range(3):
        ply = await pull(mosquitto.connection("viewer"), page, tmp_path / "http.ply")
        assert points(ply) == points(whole)
    assert len(subscribed) == len(CLOUDS)  # the page server's own


async def test_without_a_page_server_all_comes_over_mqtt(mosquitto: Mosquitto, whole: bytes, tmp_path: Path) -> None:
    ply = await pull(mosquitto.connection("viewer"), "http://127.0.0.1:9", tmp_path / "http.ply")
    assert points(ply) == points(whole)


@pytest.fixture
async def liar() -> AsyncIterator[str]:
    """A page server that gives a third of the shards right, a third damaged, and a third not."""
    bodies = [encode(cloud, Encoding.PLY) for cloud in CLOUDS]
    by_digest = {hashlib.sha256(body).hexdigest(): (index, body) for index, body in enumerate(bodies)}

    async def answer(request: web.Request) -> web.Response:
        index, body = by_digest[request.match_info["sha256"]]
        if index % 3 == 0:
            return web.Response(body=body)
        if index % 3 == 1:
            return web.Response(body=body[:-1] + b"x" if index % 2 else body + b"more")
        raise web.HTTPNotFound

    application = web.Application()
    application.router.add_get("/projects/{project}/shard/{sha256}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_what_is_damaged_or_missing_over_http_comes_over_mqtt(
    mosquitto: Mosquitto, whole: bytes, liar: str, subscribed: list[str], tmp_path: Path
) -> None:
    subscribed.clear()
    ply = await pull(mosquitto.connection("viewer"), liar, tmp_path / "http.ply")
    assert points(ply) == points(whole)
    assert len(subscribed) == sum(index % 3 != 0 for index in range(len(CLOUDS)))


def test_the_page_server_is_the_one_that_is_set_or_the_one_of_the_relay() -> None:
    tcp = Connection(host="broker", port=1883)
    assert page_of(tcp, None) is None
    assert page_of(tcp, "https://page.example.org:8443/") == "https://page.example.org:8443"
    assert page_of(through_relay(tcp, "http://127.0.0.1:8080"), None) == "http://broker:8080"
    for wrong in (
        "page",
        "ftp://page",
        "http://",
        "http://anna:secret@page",
        "http://page/?a=b",
        "http://page/#a",
        "http://[page",
        "http://page:99999",
    ):
        with pytest.raises(BadPageAddressError, match="write it like"):
            page_of(tcp, wrong)


async def test_a_certificate_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    getting = shards_by_http("https://page", Connection(), CHAPEL, tmp_path / "none.pem")
    with pytest.raises(BadSettingsError, match=r"none\.pem: No such file"):
        await getting.__aenter__()
