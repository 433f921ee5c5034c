"""Does the page server answer, and what does it give a stranger? Its addresses, asked by HTTP without and with a login."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from admin.doctor.connect import owner_of
from admin.doctor.findings import Finding, fault, ok
from admin.installation import Installation
from broker.ids import ProjectId

TIMEOUT_S: Final = 5.0
LISTENERS, STRANGERS = "listeners", "strangers"
_REFUSALS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Reply:
    """What an address answers; status None when nothing does."""

    status: int | None
    body: bytes = b""


async def ask_page(installation: Installation, path: str, authorization: str | None = None) -> Reply:
    """Ask one address of the page server, by default without an account; its certificate is checked elsewhere."""
    headers = {} if authorization is None else {"Authorization": authorization}
    try:
        async with (
            _client() as client,
            client.get(installation.page_address() + path, headers=headers, allow_redirects=False) as response,
        ):
            return Reply(response.status, await response.content.read(4096))
    except (aiohttp.ClientError, TimeoutError, ssl.SSLError):
        return Reply(None)


async def is_page_running(installation: Installation) -> bool:
    """Whether our page server answers, with or without its broker."""
    return _is_ours(await ask_page(installation, "health"))


async def check_page(installation: Installation) -> Finding:
    """Check the page's port."""
    reply, address = await ask_page(installation, "health"), installation.page_address()
    if _is_ours(reply):
        return _describe(installation, reply, address)
    port = installation.viewer.port
    owner = await asyncio.to_thread(owner_of, port)
    if reply.status is None and not owner:
        return fault(LISTENERS, f"the page does not run at {address}", f"start the system: {installation.start}")
    return fault(
        LISTENERS,
        f"{owner or 'another program'} has the page's port {port}, and is not our page",
        "stop it, or choose another port below [viewer] in cairn.toml",
    )


async def check_page_strangers(installation: Installation, projects: Iterable[ProjectId]) -> AsyncIterator[Finding]:
    """Check that project addresses are refused without a login and with a wrong one."""
    paths = ["projects", "metrics"]
    paths += [f"projects/{project}/{what}" for project in projects for what in ("status", "cloud.ply")]
    replies = [(path, await ask_page(installation, path)) for path in paths]
    wrong = aiohttp.encode_basic_auth("doctor", "not-the-password")
    replies.append(("projects with a wrong password", await ask_page(installation, "projects", wrong)))
    open_paths = list(judge(replies, installation.log("page")))
    for finding in open_paths:
        yield finding
    if not open_paths:
        yield ok(STRANGERS, f"the page refuses a stranger at {len(paths)} addresses, and a wrong password")


def judge(replies: Iterable[tuple[str, Reply]], log: str) -> Iterator[Finding]:
    """Find addresses that a stranger reads."""
    for path, reply in replies:
        if reply.status == HTTPStatus.OK:
            yield fault(
                STRANGERS,
                f"the page answers a stranger at /{path}",
                "write needs_login = true below [viewer] in cairn.toml and restart",
            )
        elif reply.status not in _REFUSALS:
            said = "nothing" if reply.status is None else f"status {reply.status}"
            yield fault(STRANGERS, f"/{path} answers {said} where a refusal is due", f"look into {log}")


def _describe(installation: Installation, reply: Reply, address: str) -> Finding:
    if not json.loads(reply.body)["is_broker_connected"]:
        return fault(
            LISTENERS,
            f"the page at {address} has no connection to the broker",
            f"look into {installation.log('page')}",
        )
    is_on_network = not installation.viewer.host.startswith("127.") and installation.viewer.host not in {
        "localhost",
        "::1",
    }
    note = ""
    if is_on_network and not installation.is_page_encrypted:
        note = "; http is for a network that you trust, else `cairn init PROJECT --tls`"
    return ok(LISTENERS, f"the page answers at {address}{note}")


def _is_ours(reply: Reply) -> bool:
    try:
        return "is_broker_connected" in json.loads(reply.body)
    except (ValueError, TypeError):
        return False


@asynccontextmanager
async def _client() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(ssl=False)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as client:
        yield client
