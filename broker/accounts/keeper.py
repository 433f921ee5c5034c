"""Who may change accounts while the system runs? The keeper: a Unix socket beside the broker that redeems invitations.

The page server passes invitations on and cannot do more: the keeper redeems what exists, lists, and revokes. It makes no
account that nobody was invited to.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.accounts.invitation_secret import BadInvitationError, Secret
from broker.accounts.invitations import Invitations
from broker.errors import CairnError
from broker.logs import get_logger

SOCKET_NAME: Final = "keeper.sock"
_MAX_LINE_BYTES: Final = 4096
_TIMEOUT_S: Final = 10.0
IN_FORCE_S: Final = 0.6  # the broker looks at its accounts five times a second


class Asked(BaseModel):
    """One request, one line of JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verb: Literal["redeem", "list", "revoke"]
    invitation_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] = "0" * 32


class Answered(BaseModel):
    """One response: a text with its code of authenticity, or why not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: str = ""
    seal: str = ""
    code: str | None = None
    reason: str | None = None


class JoinAnswer(BaseModel):
    """What an invited rig or person needs, as the JSON text `answer`.

    Attributes:
        port: of the broker; rigs use it, a browser has the page's relay.
        ca_pem: the authority that a rig pins; None when the broker speaks plain MQTT.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    user: str
    role: str
    project: str
    root: str
    port: int
    ca_pem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Answers on the socket `keeper.sock` in the broker's folder.

    Attributes:
        port: the broker's port for rigs.
        authority: the certificate of the authority that rigs pin.
    """

    data_dir: Path
    root: str
    port: int
    authority: Path | None = None

    def answer(self, line: bytes) -> Answered:
        """Answer one request; every refusal has its code and reason."""
        try:
            return self._answer(Asked.model_validate_json(line))
        except ValidationError:
            return Answered(code="bad_request", reason="this is no request to the keeper")
        except CairnError as exc:
            get_logger().warning("invitation_refused", code=exc.code, reason=exc.sentence)
            return Answered(code=exc.code, reason=exc.sentence)

    def _answer(self, asked: Asked) -> Answered:
        invitations = Invitations(self.data_dir)
        if asked.verb == "list":
            rows = [row.model_dump(mode="json", exclude={"secret"}) for row in invitations.all()]
            return Answered(answer=json.dumps(rows))
        if asked.verb == "revoke":
            return Answered(answer=invitations.revoke(asked.invitation_id).name)
        row, user = invitations.redeem(asked.invitation_id)
        get_logger().info("invitation_redeemed", user=user.name, role=user.role, project=row.project)
        joined = JoinAnswer(
            user=user.name,
            role=user.role,
            project=row.project,
            root=self.root,
            port=self.port,
            ca_pem=self.authority.read_text(encoding="ascii") if self.authority is not None else None,
        ).model_dump_json()
        return Answered(answer=joined, seal=Secret(row.secret).seal(joined))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Answer in a thread of its own while the block runs."""
        loop = asyncio.new_event_loop()
        path = self.data_dir / SOCKET_NAME
        path.unlink(missing_ok=True)
        server = loop.run_until_complete(asyncio.start_unix_server(self._serve, path, limit=_MAX_LINE_BYTES))
        path.chmod(0o660)
        thread = threading.Thread(target=loop.run_forever, name="keeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(server.close)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
            path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                line = await reader.readline()
                answered = await asyncio.to_thread(self.answer, line)
                if answered.seal:
                    await asyncio.sleep(IN_FORCE_S)
                writer.write(answered.model_dump_json().encode() + b"\n")
                await writer.drain()
        except (TimeoutError, OSError, ValueError):  # silent, gone, or a line that is too long
            return
        finally:
            writer.close()


async def ask_keeper(socket: Path, asked: Asked) -> Answered:
    """Ask the keeper; raises BadInvitationError when it cannot be reached."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(socket, limit=256 * 1024)
            try:
                writer.write(asked.model_dump_json().encode() + b"\n")
                return Answered.model_validate_json(await reader.readline())
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError) as exc:
        raise BadInvitationError("invitations cannot be redeemed now: the broker does not run on this machine") from exc
