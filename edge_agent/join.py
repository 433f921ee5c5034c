"""How does a new rig join a project? By the link of an invitation: it is redeemed, written as settings, and tried."""

import asyncio
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from broker.accounts.invitation_secret import BadInvitationError, Link
from broker.accounts.keeper_requests import Answered, JoinAnswer, Redemption
from broker.accounts.passwords import fresh_password, hashed
from broker.channel import Role
from broker.clients.refusals import BrokerRefusedError
from broker.config import Connection
from broker.delivery import Delivery
from broker.errors import CairnError
from broker.files import write_durably
from broker.ids import AgentId, ProjectId, fresh_client_id
from edge_agent.config import CameraKind
from edge_agent.rig_table import Former, RigTable

TIMEOUT_S: Final = 10.0
IN_FORCE_S: Final = 3.0  # a new account is in force within a second
_MOST_BYTES: Final = 256 * 1024


class AlreadyJoinedError(CairnError):
    """A settings file that has a rig already."""

    code = "already_joined"
    remedy = "Add `--again`, which keeps the rig's other settings, or name another file with `--settings`."


class ServerNotReachedError(CairnError):
    """The page's address in the invitation does not answer."""

    code = "server_not_reached"
    remedy = "Check that this machine is in the server's network and that its port is open."


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What a redeemed invitation gives a rig."""

    host: str
    port: int
    root: str
    project: ProjectId
    agent: AgentId
    password: SecretStr
    ca_pem: str | None

    def ca_file(self, settings_file: Path) -> Path | None:
        """Where the authority is written, beside the settings."""
        return settings_file.resolve().parent / f"{self.agent}.ca.pem" if self.ca_pem is not None else None

    def broker_flags(self, settings_file: Path) -> dict[str, object]:
        """The broker as the settings name it."""
        return {"host": self.host, "port": self.port, "root": self.root, "ca_file": self.ca_file(settings_file)}


async def join(
    text: str,
    settings_file: Path,
    camera: CameraKind | None = None,
    photos: Path | None = None,
    *,
    is_again: bool = False,
    tell: Callable[[Former], None] = lambda _former: None,
) -> Membership:
    """Redeem an invitation, write settings, password and authority, and try the account.

    Args:
        text: the invitation's link.
        settings_file: where to write.
        camera: the rig's camera; None leaves it as the file has it.
        photos: the folder of such a camera; None likewise.
        is_again: whether a rig that the file has is replaced; its other settings stay.
        tell: called with the rig that was replaced once the settings are written.

    Raises:
        BadInvitationError: no invitation, used up, or of a person; nothing was written.
        AlreadyJoinedError: the settings file has a rig, and it is not to join again; the invitation is not used.
        BadSettingsError: the settings file cannot be read or written, or does not fit; the invitation is not used.
        ServerNotReachedError: nothing answers at the link's address; the invitation is not used.
        CairnError: the broker cannot be reached or refuses; the settings are written.
    """
    link = Link.read(text)
    table = await asyncio.to_thread(RigTable.read, settings_file)
    if table.is_there and not is_again:
        raise AlreadyJoinedError(
            f"{settings_file} has a rig already: add --again to replace it, or name another file with --settings"
        )
    await asyncio.to_thread(table.check, camera, photos)
    membership = await asyncio.to_thread(redeem, link)
    former, connection = await asyncio.to_thread(write_settings, membership, settings_file, camera, photos)
    if former is not None:
        tell(former)
    await _try(connection)
    return membership


def redeem(link: Link) -> Membership:
    """Redeem an invitation at the page's address; raises like `join`."""
    password = fresh_password()  # only its hash is sent
    key, password_hash = link.secret.key, hashed(password)
    wish = Redemption(password_hash=password_hash, proof=key.proof(password_hash, ""), is_rig=True)
    answered = _post(f"{link.page}invitations/{link.secret.invitation_id}", wish)
    key.check_seal(answered.answer, answered.seal)
    try:
        found = JoinAnswer.model_validate_json(answered.answer)
    except ValidationError as exc:
        raise BadInvitationError("the server answers in a way that this version does not know: update cairn") from exc
    if found.role != Role.AGENT:
        raise BadInvitationError(f"this invitation is for a person ({found.role}): open it in a browser")
    return Membership(
        host=link.host,
        port=found.port,
        root=found.root,
        project=ProjectId(found.project),
        agent=AgentId(found.user),
        password=SecretStr(password),
        ca_pem=found.ca_pem,
    )


def write_settings(
    membership: Membership, settings_file: Path, camera: CameraKind | None = None, photos: Path | None = None
) -> tuple[Former | None, Connection]:
    """Write the rig's tables; write its password, readable by the owner only, and the authority beside the file.

    Returns:
        Which rig the file had before, None without one; the connection of the new one.
    """
    folder = settings_file.resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    password_file, ca_file = folder / f"{membership.agent}.password", membership.ca_file(settings_file)
    write_durably(folder, {password_file.name: (membership.password.get_secret_value() + "\n").encode()}, mode=0o600)
    if ca_file is not None and membership.ca_pem is not None:
        write_durably(folder, {ca_file.name: membership.ca_pem.encode()})
    with RigTable.changing(settings_file) as table:  # read again: the server took its time to answer
        former = table.forget() if table.is_there else None
        table.set(
            {
                "project": membership.project,
                "agent": membership.agent,
                "camera": camera,
                "folder": photos and photos.resolve(),
            },
            {
                "host": membership.host,
                "port": membership.port,
                "root": membership.root,
                "username": membership.agent,
                "password_file": password_file,
                "ca_file": ca_file,
            },
        )
    return former, Connection(
        host=membership.host,
        port=membership.port,
        root=membership.root,
        username=membership.agent,
        password=membership.password,
        ca_file=ca_file,
    )


def _post(address: str, wish: Redemption) -> Answered:
    body, headers = wish.model_dump_json().encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(address, data=body, headers=headers)  # noqa: S310 - http or https: Link.read
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=_unverified()) as response:  # noqa: S310
            return Answered.model_validate_json(response.read(_MOST_BYTES))
    except urllib.error.HTTPError as exc:
        raise BadInvitationError(_reason(exc)) from exc
    except ValidationError as exc:
        raise BadInvitationError(f"what answers at {address.partition('invitations')[0]} is no cairn page") from exc
    except (urllib.error.URLError, HTTPException, OSError) as exc:
        raise ServerNotReachedError(_why_unreached(address, getattr(exc, "reason", exc))) from exc


def _why_unreached(address: str, cause: object) -> str:
    """One sentence for what `urlopen` met."""
    parts = urlsplit(address)
    where, has_tls = f"{parts.scheme}://{parts.netloc}/", parts.scheme == "https"
    match cause:
        case ssl.SSLError() | HTTPException() | ConnectionResetError() if has_tls:
            words = f"{where} does not speak TLS: a link to it begins with http://"
        case HTTPException() | ConnectionResetError():  # RemoteDisconnected is both
            words = f"what listens at {where} does not speak http: is it a TLS port? Then the link begins with https://"
        case ConnectionRefusedError():
            words = f"nobody listens at {where}: is the page running (`cairn up`), and is the link's address right?"
        case socket.gaierror():
            words = f"no machine is called {parts.hostname!r} in this network: write its address into the link"
        case TimeoutError():
            words = f"{where} does not answer: check network and firewall between this machine and that one"
        case _:
            words = f"{where} cannot be reached: {cause}"
    return words


def _unverified() -> ssl.SSLContext:
    """TLS whose certificate is not checked: the rig knows no authority yet, and the answer's seal says who made it.

    Who sits in between learns what a listener of plain http learns: a number that is used up, and no password.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _reason(answer: urllib.error.HTTPError) -> str:
    try:
        reason = json.loads(answer.read(_MOST_BYTES))["reason"]
    except (ValueError, KeyError, TypeError, OSError):
        return f"the server answers {answer.code} {answer.reason}: is this the page's address?"
    return str(reason)[:500]


async def _try(connection: Connection) -> None:
    deadline_s = time.monotonic() + IN_FORCE_S
    while True:
        async with Delivery(
            connection, client_id=fresh_client_id("edge-join", str(connection.username)), session_expiry_s=0
        ) as delivery:
            try:
                await delivery.wait_connected(TIMEOUT_S, is_patient=False)
            except BrokerRefusedError:
                if time.monotonic() > deadline_s:
                    raise
            else:
                return
        await asyncio.sleep(0.3)
