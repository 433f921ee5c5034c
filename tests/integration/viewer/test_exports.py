"""Exported files over HTTP: listed and sent to people of the project, in ranges, by ticket, and never anything else."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from broker.mosquitto import Mosquitto
from tests.integration.viewer.conftest import basic, credentials_of, serving
from tests.integration.viewer.publisher import CHAPEL, Publisher
from viewer.config import Settings

NAME = "chapel-20261129-101500.ply"
CONTENT = bytes(range(256)) * 4096
HOSTILE = [
    "../secret.txt",
    "..%2fsecret.txt",
    "%2e%2e/secret.txt",
    ".part-chapel",
    "barn-20261129-101500.ply",  # another project's
    "chapel-20261129-101500.txt",
    "chapel-20261129-101501.ply",  # not there
    "chapel-20261129-101502.laz",  # a link
    "chapel-20261129-101503.glb",  # a folder
    "x" * 300,
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of exports with one good file and much that is none."""
    exports = tmp_path / "exports"
    (exports / ".part-chapel").mkdir(parents=True)
    (exports / NAME).write_bytes(CONTENT)
    (exports / "barn-20261129-101500.ply").write_bytes(b"barn's")
    (exports / "chapel-20261129-101500.txt").write_bytes(b"no export")
    (tmp_path / "secret.txt").write_bytes(b"key of the house")
    (exports / "chapel-20261129-101502.laz").symlink_to(tmp_path / "secret.txt")
    (exports / "chapel-20261129-101503.glb").mkdir()
    return exports


@pytest.fixture
async def page(settings: Settings, folder: Path, publisher: Publisher) -> AsyncIterator[str]:
    """A page server that reads the folder and knows the project."""
    await publisher.state()
    async with serving(settings.model_copy(update={"export_dir": folder})) as address:
        yield address


@pytest.fixture
async def session(mosquitto: Mosquitto) -> AsyncIterator[aiohttp.ClientSession]:
    """A viewer of the project, with the login in every request."""
    async with aiohttp.ClientSession(headers=basic(*credentials_of(mosquitto.connection("viewer")))) as opened:
        yield opened


async def until_known(session: aiohttp.ClientSession, page: str) -> None:
    async with asyncio.timeout(30):
        while True:
            async with session.get(f"{page}/projects/{CHAPEL}/status") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.05)


async def test_a_file_that_is_removed_while_the_list_is_made_is_left_out(
    page: str, session: aiohttp.ClientSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scan(path: Path) -> list[os.DirEntry[str]]:
        entries = list(scandir(path))
        (folder / "chapel-20261129-101504.ply").unlink(missing_ok=True)
        return entries

    scandir = os.scandir
    (folder / "chapel-20261129-101504.ply").write_bytes(b"old")
    await until_known(session, page)
    monkeypatch.setattr("viewer.routes.exports.os.scandir", scan)
    async with session.get(f"{page}/projects/{CHAPEL}/exports") as answer:
        assert [each["name"] for each in (await answer.json())["exports"]] == [NAME]


async def test_the_list_names_files_of_the_project_alone(page: str, session: aiohttp.ClientSession) -> None:
    await until_known(session, page)
    async with session.get(f"{page}/projects/{CHAPEL}/exports") as answer:
        (row,) = (await answer.json())["exports"]
    assert (row["name"], row["format"], row["size_bytes"]) == (NAME, "ply", len(CONTENT))


async def test_a_file_comes_whole_and_in_ranges_and_is_offered_to_be_saved(
    page: str, session: aiohttp.ClientSession
) -> None:
    await until_known(session, page)
    address = f"{page}/projects/{CHAPEL}/exports/{NAME}"
    async with session.get(address) as answer:
        assert (answer.status, await answer.read()) == (200, CONTENT)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{NAME}"'
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Cache-Control"].startswith("private")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        etag = answer.headers["ETag"]
    size = len(CONTENT)
    for wanted, begin, end in (("0-99", 0, 100), ("1000-", 1000, size), ("-7", size - 7, size)):
        async with session.get(address, headers={"Range": f"bytes={wanted}", "If-Range": etag}) as answer:
            assert (answer.status, await answer.read()) == (206, CONTENT[begin:end]), wanted
            assert answer.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{size}"
    async with session.get(address, headers={"Range": f"bytes={size}-"}) as answer:
        assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
    for headers in ({"Range": "bytes=0-9", "If-Range": '"older"'}, {"Range": "bytes=0-1,5-6"}, {"Range": "lines=1"}):
        async with session.get(address, headers=headers) as answer:
            assert (answer.status, len(await answer.read())) == (200, size), headers


async def test_a_ticket_opens_one_file_without_a_login_and_only_that(page: str, session: aiohttp.ClientSession) -> None:
    await until_known(session, page)
    address = f"{page}/projects/{CHAPEL}/exports"
    async with session.post(f"{address}/{NAME}/ticket") as answer:
        ticket = (await answer.json())["ticket"]
    async with aiohttp.ClientSession() as stranger:
        for path, status in (
            (f"{address}/{NAME}?ticket={ticket}", 200),
            (f"{address}/{NAME}?ticket={ticket}x", 401),
            (f"{address}/{NAME}?ticket=", 401),
            (f"{address}/chapel-20261129-101501.ply?ticket={ticket}", 401),
            (f"{page}/projects/barn/exports/barn-20261129-101500.ply?ticket={ticket}", 401),
            (f"{page}/projects/barn/exports/{NAME}?ticket={ticket}", 404),
            (f"{address}?ticket={ticket}", 401),
        ):
            async with stranger.get(path) as answer:
                assert answer.status == status, path
        async with stranger.post(f"{address}/{NAME}/ticket") as answer:
            assert answer.status == 401


@pytest.mark.parametrize("name", HOSTILE)
async def test_nothing_else_is_sent(page: str, session: aiohttp.ClientSession, name: str) -> None:
    await until_known(session, page)
    async with session.get(f"{page}/projects/{CHAPEL}/exports/{name}") as answer:
        assert answer.status in {404, 503}
        assert b"key of the house" not in await answer.read()
    async with session.post(f"{page}/projects/{CHAPEL}/exports/{name}/ticket") as answer:
        assert answer.status in {404, 405, 503}
    async with session.get(f"{page}/projects/barn/exports/barn-20261129-101500.ply") as answer:
        assert answer.status == 404


@pytest.mark.parametrize("is_set", [False, True])
async def test_a_server_that_cannot_reach_the_folder_says_so(
    settings: Settings, publisher: Publisher, session: aiohttp.ClientSession, tmp_path: Path, is_set: bool
) -> None:
    await publisher.state()
    away = tmp_path / "away" if is_set else None
    async with serving(settings.model_copy(update={"export_dir": away})) as page:
        await until_known(session, page)
        for path in ("exports", f"exports/{NAME}"):
            async with session.get(f"{page}/projects/{CHAPEL}/{path}") as answer:
                said = await answer.json()
                assert (answer.status, said["code"]) == (503, "exports_unreachable")
                assert ("another machine" if is_set else "viewer.export_dir") in said["reason"]
