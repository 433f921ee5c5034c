"""How does the command line get shards over HTTP? From the page server, by their digests; what does not come so comes over MQTT."""

import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from broker.config import BadSettingsError, Connection
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.logs import get_logger
from broker.shards import sha256
from viewer.fetch import GetShard
from viewer.wanted import WantedShard

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60.0, connect=5.0, sock_read=15.0)
_HTTP: Final = frozenset({"http", "https"})


class BadPageAddressError(CairnError):
    """What was given as the page server's address is none."""

    code = "bad_page_address"
    remedy = "Write it like https://server.example.org:8080."


def page_of(connection: Connection, page_url: str | None) -> str | None:
    """The address of the page server: the one that is set, else the one through whose relay the broker is reached.

    Raises:
        BadPageAddressError: it is no address of http or https.
    """
    if page_url is not None:
        complaint = f"{page_url!r} is no page server's address: write it like https://server:8080"
        try:
            parts = urlsplit(page_url)
            has_more = parts.username is not None or parts.query or parts.fragment
            is_address = parts.scheme in _HTTP and parts.hostname and parts.port != 0 and not has_more
        except ValueError as exc:  # brackets that do not close, a port above 65535
            raise BadPageAddressError(complaint) from exc
        if not is_address:
            raise BadPageAddressError(complaint)
        return page_url.rstrip("/")
    if connection.transport != "websockets":
        return None
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    return f"{'http' if connection.ca_file is None else 'https'}://{host}:{connection.port}"


@contextlib.asynccontextmanager
async def shards_by_http(
    page: str, connection: Connection, project: ProjectId, authority: Path | None = None
) -> AsyncIterator[GetShard]:
    """What gets a shard from a page server; None when that has it not, is not there, or sends other bytes.

    Args:
        page: the page server's address, without a slash at its end.
        connection: has the account.
        project: whose shards.
        authority: PEM certificate that an https address is checked by; None: the broker's, else those of this machine.

    Raises:
        BadSettingsError: the certificate's file cannot be read.
    """
    log = get_logger(project=project)
    login = base64.b64encode(f"{connection.username or ''}:{connection.secret() or ''}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    trusted = authority or connection.ca_file
    try:
        tls = ssl.create_default_context(cafile=trusted) if trusted else True
    except OSError as exc:
        raise BadSettingsError(f"cannot read the certificate {trusted}: {exc.strerror or exc}") from exc
    connector = aiohttp.TCPConnector(ssl=tls)
    async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=_TIMEOUT) as session:

        async def get(wanted: WantedShard) -> bytes | None:
            try:
                async with session.get(f"{page}/projects/{project}/shard/{wanted.sha256}") as answer:
                    if answer.status != 200:  # noqa: PLR2004 - OK
                        log.info("shard_not_over_http", status=answer.status, shard=wanted.index)
                        return None
                    payload = bytearray()
                    async for part in answer.content.iter_chunked(256 * 1024):
                        payload += part
                        if len(payload) > wanted.size_bytes:  # other bytes: no more of them
                            break
            except (aiohttp.ClientError, TimeoutError) as exc:
                log.info("shard_not_over_http", reason=str(exc) or "no answer in time", shard=wanted.index)
                return None
            found = bytes(payload)
            if len(found) != wanted.size_bytes or sha256(found) != wanted.sha256:
                log.warning("shard_damaged", shard=wanted.index, bytes=len(found), page=page)
                return None
            return found

        yield get
