"""How does a new rig join a project? By an invitation, tried on the broker, then written as settings."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from broker.config import Connection
from broker.delivery import Delivery
from broker.errors import CairnError
from broker.files import write_durably
from broker.ids import AgentId, ProjectId

PLAIN_PORT: Final = 1883
TLS_PORT: Final = 8883
CONNECT_TIMEOUT_S: Final = 10.0
EXAMPLE: Final = "mqtts://broker.example:8883/chapel rig-north:PASSWORD"


class BadInvitationError(CairnError):
    """A text that is no invitation."""

    code = "bad_invitation"
    remedy = "Copy the whole invitation, or ask for a new one."


class AlreadyJoinedError(CairnError):
    """A settings file that has a rig already."""

    code = "already_joined"
    remedy = "Name another settings file, or remove the table [edge]."


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """The broker's address, the project, and the rig's account."""

    host: str
    port: int
    is_tls: bool
    project: ProjectId
    agent: AgentId
    password: SecretStr

    @classmethod
    def read(cls, address: str, token: str | None) -> "Invitation":
        """Read `mqtts://host:port/project` and `rig-name:password`; a QR code has both in the address.

        Raises:
            BadInvitationError: the text is no invitation; the message shows one.
            BadIdError: the name of project or rig is invalid.
        """
        parts = _split(address)
        name, password = parts.username or "", parts.password or ""
        if token:
            name, _, password = token.partition(":")
        is_tls = parts.scheme == "mqtts"
        project = parts.path.strip("/")
        if parts.scheme not in {"mqtt", "mqtts"} or not (parts.hostname and project and name and password):
            raise BadInvitationError(f"an invitation looks like this: {EXAMPLE}")
        return cls(
            host=parts.hostname,
            port=parts.port or (TLS_PORT if is_tls else PLAIN_PORT),
            is_tls=is_tls,
            project=ProjectId(project),
            agent=AgentId(unquote(name)),
            password=SecretStr(unquote(password)),
        )

    def connection(self, ca_file: Path | None) -> Connection:
        """The connection of the rig to the broker."""
        return Connection(host=self.host, port=self.port, username=self.agent, password=self.password, ca_file=ca_file)


async def join(invitation: Invitation, settings_file: Path, ca_file: Path | None) -> Path:
    """Try the account, then write settings and password; return the password file's path.

    Raises:
        BadInvitationError: TLS without a certificate authority.
        AlreadyJoinedError: the settings file has an [edge] table.
        CairnError: the broker refuses the account; nothing was written.
    """
    if invitation.is_tls and ca_file is None:
        ca_file = _system_authorities()
    if await asyncio.to_thread(_has_rig, settings_file):
        raise AlreadyJoinedError(
            f"{settings_file} has an [edge] table: remove it, or name another file with --settings"
        )
    connection = invitation.connection(ca_file if invitation.is_tls else None)
    async with Delivery(connection, client_id=f"{invitation.agent}-join", session_expiry_s=0) as delivery:
        await delivery.wait_connected(CONNECT_TIMEOUT_S)
    return await asyncio.to_thread(write_settings, invitation, settings_file, connection.ca_file)


def write_settings(invitation: Invitation, settings_file: Path, ca_file: Path | None) -> Path:
    """Append the rig's table, and write its password beside it, readable by the owner only."""
    password_file = settings_file.resolve().with_name(f"{invitation.agent}.password")
    settings_file.parent.mkdir(parents=True, exist_ok=True)
    content = invitation.password.get_secret_value() + "\n"
    write_durably(password_file.parent, {password_file.name: content.encode()}, mode=0o600)
    lines = [
        "",
        "[edge]",
        f'project = "{invitation.project}"',
        f'agent = "{invitation.agent}"',
        "",
        "[edge.broker]",
        f'host = "{invitation.host}"',
        f"port = {invitation.port}",
        f'username = "{invitation.agent}"',
        f"password_file = '{password_file}'",
        *([f"ca_file = '{ca_file}'"] if ca_file else []),
        "",
    ]
    with settings_file.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return password_file


def _has_rig(settings_file: Path) -> bool:
    text = settings_file.read_text("utf-8") if settings_file.exists() else ""
    return re.search(r"^\s*\[edge[\].]", text, re.MULTILINE) is not None


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address.strip())
        _ = parts.port  # raises ValueError when it is no number
    except ValueError as exc:
        raise BadInvitationError(f"an invitation looks like this: {EXAMPLE}") from exc
    return parts


def _system_authorities() -> Path:
    for place in (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/ssl/cert.pem")):
        if place.exists():
            return place
    raise BadInvitationError("this system has no certificate authorities: give the broker's with --ca FILE")
