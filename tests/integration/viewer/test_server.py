"""The page server's addresses in front of a real broker."""

import asyncio
import os
import subprocess
import sys
import time

import aiohttp
import psutil
import pytest

from broker.mosquitto import Mosquitto
from tests.integration.viewer.conftest import basic, credentials_of, serving
from tests.integration.viewer.publisher import Publisher, random_cloud
from viewer import admission
from viewer.config import Settings
from viewer.server import CannotListenError, serve


@pytest.fixture
def guest(mosquitto: Mosquitto) -> dict[str, str]:
    return basic(*credentials_of(mosquitto.connection("viewer")))


async def fetch_status(page: str, path: str, auth: dict[str, str] | None) -> int:
    async with aiohttp.ClientSession() as session, session.get(page + path, headers=auth) as answer:
        return answer.status


async def fetch_json(page: str, path: str, auth: dict[str, str] | None) -> dict[str, object]:
    async with aiohttp.ClientSession() as session, session.get(page + path, headers=auth) as answer:
        assert answer.status == 200
        body: dict[str, object] = await answer.json()
        return body


async def wait_for_project(page: str, auth: dict[str, str] | None) -> None:
    async with asyncio.timeout(30):
        while await fetch_status(page, "/projects/chapel/status", auth) != 200:
            await asyncio.sleep(0.05)


async def wait_for_cloud(page: str, auth: dict[str, str] | None) -> dict[str, object]:
    await wait_for_project(page, auth)
    async with asyncio.timeout(30):
        while True:
            status = await fetch_json(page, "/projects/chapel/status", auth)
            if status["cloud"] is not None:
                return status
            await asyncio.sleep(0.05)


async def test_page_has_its_type_policy_and_compressed_form(page: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{page}/") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Content-Encoding"] in {"gzip", "br"}
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert f"connect-src 'self' ws://{page.removeprefix('http://')} " in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        known = {"If-None-Match": answer.headers["ETag"]}
        async with session.get(f"{page}/", headers=known) as again:
            assert again.status == 304
            assert await again.read() == b""


async def test_an_unknown_address_is_404_with_the_policy_and_no_file_outside_the_page_is_served(page: str) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/nothing", "/..%2f..%2fconfig.py", "/%2e%2e/%2e%2e/pyproject.toml", "/assets/"):
            async with session.get(page + path) as answer:
                assert answer.status == 404
                assert "Content-Security-Policy" in answer.headers


async def test_configuration_tells_the_page_how_to_connect_and_no_secret(page: str, mosquitto: Mosquitto) -> None:
    config = await fetch_json(page, "/config.json", None)
    wanted = {"mqtt_url": "/mqtt", "root": "cairn/v1", "projects": [], "needs_login": True, "has_invitations": False}
    assert config == wanted


async def test_projects_ask_for_the_brokers_name_and_password(
    page: str, publisher: Publisher, guest: dict[str, str], mosquitto: Mosquitto
) -> None:
    await publisher.state()
    for name, path in zip(
        ("viewer", "anna", "ops", "guest"),  # one name after three wrong passwords would have to wait
        ("/projects", "/projects/chapel/status", "/projects/chapel/cloud.ply", "/metrics"),
        strict=True,
    ):
        assert await fetch_status(page, path, None) == 401
        assert await fetch_status(page, path, basic(name, "wrong")) == 401
        assert await fetch_status(page, path, basic("a/b", "wrong")) == 401
    rig = basic(*credentials_of(mosquitto.connection("rig-north")))
    assert await fetch_status(page, "/projects", rig) == 403


async def test_a_request_about_one_project_waits_for_no_silence(
    page: str, publisher: Publisher, guest: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "REMEMBERED_S", 0.0)
    await publisher.state()
    await wait_for_project(page, guest)
    monkeypatch.setattr(admission, "SILENCE_S", 60.0)
    monkeypatch.setattr(admission, "LONGEST_S", 60.0)
    async with asyncio.timeout(15):
        for _ in range(3):
            assert await fetch_status(page, "/projects/chapel/status", guest) == 200


async def test_status_follows_what_the_reconstructor_retains(
    page: str, publisher: Publisher, guest: dict[str, str]
) -> None:
    await publisher.state()
    await publisher.statistics()
    manifest = await publisher.reference_set([random_cloud(100, seed) for seed in range(3)])
    status = await wait_for_cloud(page, guest)
    cloud, statistics = status["cloud"], status["statistics"]
    assert isinstance(cloud, dict)
    assert isinstance(statistics, dict)
    assert (status["reconstructor"], status["image_count"], status["is_stale"]) == ("ready", 7, False)
    assert (cloud["generation"], cloud["shard_count"], cloud["point_count"]) == (1, 3, manifest.point_count)
    assert statistics["stored_count"] == 7
    projects = await fetch_json(page, "/projects", guest)
    assert projects == {"projects": [status]}


async def test_an_unknown_project_is_404(page: str, publisher: Publisher, guest: dict[str, str]) -> None:
    await publisher.state()
    await wait_for_project(page, guest)
    assert await fetch_status(page, "/projects/nowhere/status", guest) == 404
    assert await fetch_status(page, "/projects/nowhere/cloud.ply", guest) == 404
    assert await fetch_status(page, "/projects/%23/status", guest) == 404


async def test_a_project_without_cloud_is_404_in_words(page: str, publisher: Publisher, guest: dict[str, str]) -> None:
    await publisher.state()
    await wait_for_project(page, guest)
    address = f"{page}/projects/chapel/cloud.ply"
    async with aiohttp.ClientSession() as session, session.get(address, headers=guest) as answer:
        assert answer.status == 404
        assert (await answer.json())["code"] == "no_manifest"


async def test_cloud_is_one_ply_with_every_point_of_the_manifest(
    page: str, publisher: Publisher, guest: dict[str, str]
) -> None:
    await publisher.state()
    manifest = await publisher.reference_set([random_cloud(2000, seed) for seed in range(20)])
    await wait_for_cloud(page, guest)
    address = f"{page}/projects/chapel/cloud.ply"
    async with aiohttp.ClientSession() as session, session.get(address, headers=guest) as answer:
        assert answer.status == 200
        body = await answer.read()
        assert int(answer.headers["Content-Length"]) == len(body)
    header, _, rows = body.partition(b"end_header\n")
    assert f"element vertex {manifest.point_count}\n".encode() in header
    assert len(rows) == 15 * manifest.point_count


async def test_metrics_carry_the_statistics_for_prometheus(
    page: str, publisher: Publisher, guest: dict[str, str]
) -> None:
    await publisher.state()
    await publisher.statistics()
    await wait_for_project(page, guest)
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        text = ""
        while 'cairn_images_stored{project="chapel"} 7.0\n' not in text:
            async with session.get(f"{page}/metrics", headers=guest) as answer:
                assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                text = await answer.text()
    assert '# TYPE cairn_errors_total counter\ncairn_errors_total{project="chapel"} 2.0\n' in text
    assert "cairn_broker_connected 1.0\n" in text


async def test_metrics_carry_the_brokers_own_figures_for_operators_only(
    page: str, publisher: Publisher, mosquitto: Mosquitto, guest: dict[str, str]
) -> None:
    await publisher.state()
    ops = basic(*credentials_of(mosquitto.connection("ops")))
    await wait_for_project(page, guest)
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        text = ""
        while "\ncairn_broker_clients " not in text:  # the broker speaks every ten seconds
            async with session.get(f"{page}/metrics", headers=ops) as answer:
                text = await answer.text()
        assert "\ncairn_broker_messages_dropped_total 0.0\n" in text
        assert "\ncairn_broker_heap_bytes " in text
        async with session.get(f"{page}/metrics", headers=guest) as answer:
            assert "\ncairn_broker_clients " not in await answer.text()


async def test_metrics_say_that_the_broker_is_away_and_nothing_of_the_projects(
    page: str, publisher: Publisher, guest: dict[str, str], mosquitto: Mosquitto
) -> None:
    await publisher.state()
    await wait_for_project(page, guest)
    mosquitto.stop()
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        text = ""
        while "cairn_broker_connected 0.0\n" not in text:
            async with session.get(f"{page}/metrics", headers=guest) as answer:
                text = await answer.text()
        while "chapel" in text:  # a login is remembered for seconds
            async with session.get(f"{page}/metrics", headers=guest) as answer:
                assert answer.status == 200
                text = await answer.text()
        assert "cairn_broker_connected 0.0\n" in text
        async with session.get(f"{page}/metrics") as answer:
            assert answer.status == 401


async def test_what_keeps_the_reconstructor_from_its_work_is_in_status_and_metrics(
    page: str, publisher: Publisher, guest: dict[str, str]
) -> None:
    await publisher.state(code="broker_full")
    await wait_for_project(page, guest)
    status = await fetch_json(page, "/projects/chapel/status", guest)
    assert (status["reconstructor"], status["code"], status["reason"]) == (
        "ready",
        "broker_full",
        "why it is broker_full",
    )
    async with aiohttp.ClientSession() as session, session.get(f"{page}/metrics", headers=guest) as answer:
        text = await answer.text()
    assert 'cairn_reconstructor_trouble{code="broker_full",project="chapel"} 1.0\n' in text


async def test_a_server_of_an_open_broker_asks_nobody(settings: Settings, publisher: Publisher) -> None:
    await publisher.state()
    async with serving(settings.model_copy(update={"needs_login": False})) as page:
        await wait_for_project(page, None)
        config = await fetch_json(page, "/config.json", None)
    assert (config["projects"], config["needs_login"]) == (["chapel"], False)


async def test_status_is_stale_while_the_broker_is_away_and_fresh_after(
    settings: Settings, publisher: Publisher, mosquitto: Mosquitto
) -> None:
    # must not raise
    await publisher.state()
    async with serving(settings.model_copy(update={"needs_login": False})) as page:
        await wait_for_project(page, None)
        mosquitto.kill()
        async with asyncio.timeout(30):
            while not (await fetch_json(page, "/projects/chapel/status", None))["is_stale"]:
                await asyncio.sleep(0.05)
            mosquitto.start()
            while (await fetch_json(page, "/projects/chapel/status", None))["is_stale"]:
                await asyncio.sleep(0.05)


async def test_a_taken_port_is_said_in_words(page: str, settings: Settings) -> None:
    taken = int(page.rpartition(":")[2])
    with pytest.raises(CannotListenError, match="choose another --port"):
        await serve(settings.model_copy(update={"port": taken}))


def test_server_starts_within_three_seconds_and_stays_under_100_mb(mosquitto: Mosquitto) -> None:
    connection = mosquitto.connection("viewer")
    name, password = credentials_of(connection)
    variables = {
        "CAIRN_VIEW_BROKER__PORT": str(connection.port),
        "CAIRN_VIEW_BROKER__USERNAME": name,
        "CAIRN_VIEW_BROKER__PASSWORD": password,
        "CAIRN_VIEW_PORT": "0",
    }
    program = [sys.executable, "-m", "cairn", "view", "serve"]
    with subprocess.Popen(program, env=os.environ | variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("http://127.0.0.1:")
            watched = psutil.Process(process.pid)
            assert sum(watched.cpu_times()[:2]) < 3  # of its own: other tests run beside this one
            time.sleep(0.5)
            assert watched.memory_info().rss < 100_000_000
        finally:
            process.terminate()
        assert process.wait(60) == 0


async def test_a_page_of_an_allowed_origin_reads_the_answers_and_others_do_not(settings: Settings) -> None:
    museum = {"Origin": "https://museum.example"}
    asked = museum | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    known = settings.model_copy(update={"allowed_origins": ("https://museum.example",)})
    async with serving(known) as page, aiohttp.ClientSession() as session:
        async with session.get(f"{page}/config.json", headers=museum) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "https://museum.example"
            assert "Origin" in answer.headers["Vary"]
        async with session.options(f"{page}/projects", headers=asked) as answer:
            assert answer.status == 204
            assert answer.headers["Access-Control-Allow-Origin"] == "https://museum.example"
            assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
        async with session.get(f"{page}/projects", headers=museum) as answer:
            assert answer.status == 401
            assert answer.headers["Access-Control-Allow-Origin"] == "https://museum.example"
        for origin in ("https://museum.example.evil", "null"):
            async with session.options(f"{page}/projects", headers=asked | {"Origin": origin}) as answer:
                assert answer.status == 405
                assert "Access-Control-Allow-Origin" not in answer.headers
    async with (
        serving(settings) as page,
        aiohttp.ClientSession() as session,
        session.get(f"{page}/config.json", headers=museum) as answer,
    ):
        assert "Access-Control-Allow-Origin" not in answer.headers
