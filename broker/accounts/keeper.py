"""Who may change accounts while the system runs? The keeper: a Unix socket beside the broker that knows five requests.

The page server passes requests on and cannot do more. A guest shows that they have the link. A person who invites,
lists or revokes shows an operator's name and password, which the keeper compares with the account's hash by itself; it
invites viewers and contributors only. A person who logs out shows their own name and password. So a page server that was
taken over makes no account and no invitation by itself, and ends none.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from broker.accounts.access import Account, User
from broker.accounts.invitation_secret import BadInvitationError, InvitationKey
from broker.accounts.invitations import Invitation, Invitations, Joining, is_operator
from broker.accounts.keeper_requests import (
    ASKED,
    OPEN_INVITATIONS,
    Answered,
    Asked,
    Create,
    JoinAnswer,
    Leave,
    ListOpen,
    Login,
    NewInvitation,
    OpenInvitation,
    Redeem,
)
from broker.accounts.passwords import is_password
from broker.accounts.users import UserBook
from broker.channel import Role
from broker.errors import CairnError
from broker.logs import get_logger

SOCKET_NAME: Final = "keeper.sock"
_MAX_LINE_BYTES: Final = 8192
_MAX_ANSWER_BYTES: Final = 256 * 1024
_MOST_LISTED: Final = 200
_TIMEOUT_S: Final = 10.0
IN_FORCE_S: Final = 0.6  # the broker looks at its accounts five times a second


class NotOperatorError(CairnError):
    """Somebody who is no operator of the project wants to invite."""

    code = "not_operator"
    remedy = "Log in as an operator of the project, or use `cairn invite` on the server."


class KeeperNotOpenError(CairnError):
    """The keeper's socket cannot be opened."""

    code = "keeper_not_open"
    remedy = "Keep the broker's data in a folder that it may write, with a path of less than 90 signs."


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
            return self._answer(ASKED.validate_json(line))
        except ValidationError:
            return Answered(code="bad_request", reason="this is no request to the keeper")
        except NotOperatorError as exc:  # every page asks once whether its account may invite
            return Answered(code=exc.code, reason=exc.sentence)
        except CairnError as exc:
            get_logger().warning("invitation_refused", code=exc.code, reason=exc.sentence)
            return Answered(
                code=exc.code, reason=exc.sentence.replace(f" in {self.data_dir}", "")
            )  # no guest's business

    def _answer(self, asked: Asked) -> Answered:
        if isinstance(asked, Redeem):
            return self._redeem(asked)
        if isinstance(asked, Leave):
            return self._leave(asked)
        self._check_operator(asked.login, asked.project)
        invitations = Invitations(self.data_dir)
        if isinstance(asked, ListOpen):
            rows = tuple(_shown(row) for row in invitations.open_in(asked.project)[:_MOST_LISTED])
            return Answered(answer=OPEN_INVITATIONS.dump_json(rows).decode())
        if isinstance(asked, Create):
            invitations.put(_row(asked.invitation, asked.project, asked.login.user))
            what, given = "invitation_made", asked.invitation.invitation_id
        else:
            invitations.revoke(asked.invitation_id, project=asked.project)
            what, given = "invitation_revoked", asked.invitation_id
        get_logger().info(what, invitation_id=given, project=asked.project, by=asked.login.user)
        return Answered(answer=given)

    def _redeem(self, asked: Redeem) -> Answered:
        joining, authority = Joining(**asked.redemption.model_dump()), self._authority()
        row, user = Invitations(self.data_dir).redeem(asked.invitation_id, joining)
        get_logger().info("invitation_redeemed", user=user.name, role=user.role, project=row.project)
        joined = JoinAnswer(
            user=user.name,
            role=user.role,
            project=row.project,
            root=self.root,
            port=self.port,
            ca_pem=authority,
        ).model_dump_json()
        return Answered(answer=joined, seal=InvitationKey(row.key).seal(joined))

    def _authority(self) -> str | None:
        """What a rig pins. Raises BadInvitationError before an invitation is used up that could not be answered."""
        try:
            return self.authority.read_text(encoding="ascii") if self.authority is not None else None
        except (OSError, UnicodeDecodeError) as exc:
            get_logger().error("authority_not_read", file=str(self.authority), reason=str(exc))
            raise BadInvitationError(
                "the server cannot read the certificate of its authority: tell who made the invitation, which stays good"
            ) from exc

    def _leave(self, asked: Leave) -> Answered:
        account = self._account(asked.login)
        if account is None:
            raise BadInvitationError("wrong name or password: no account was ended")
        is_ended = Invitations(self.data_dir).leave(account)
        return Answered(answer="ended" if is_ended else "kept")

    def _check_operator(self, login: Login, project: str) -> None:
        """Raises NotOperatorError without an operator's name and password."""
        if self._account(login) is None or not is_operator(UserBook(self.data_dir), login.user, project):
            raise NotOperatorError(f"only an operator of {project!r} invites")

    def _account(self, login: Login) -> Account | None:
        """Whose name and password these are; None when they are wrong."""
        known = {str(account.user.name): account for account in UserBook(self.data_dir).accounts()}
        account = known.get(login.user)
        is_right = is_password(login.password, account.password_hash if account else "")
        return account if is_right else None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Answer in a thread of its own while the block runs; raises KeeperNotOpenError."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="keeper", daemon=True)
        thread.start()
        path = self.data_dir / SOCKET_NAME
        try:
            path.unlink(missing_ok=True)
            opening = asyncio.start_unix_server(self._serve, path, limit=_MAX_LINE_BYTES)
            server = asyncio.run_coroutine_threadsafe(opening, loop).result()
            path.chmod(0o660)
        except OSError as exc:  # a path of more than 107 bytes, too
            self._end(loop, thread)
            raise KeeperNotOpenError(f"cannot listen on {path}: {exc.strerror or exc}") from exc
        try:
            yield
        finally:
            loop.call_soon_threadsafe(server.close)
            self._end(loop, thread)
            path.unlink(missing_ok=True)

    @staticmethod
    def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

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
            reader, writer = await asyncio.open_unix_connection(socket, limit=_MAX_ANSWER_BYTES)
            try:
                writer.write(asked.model_dump_json().encode() + b"\n")
                return Answered.model_validate_json(await reader.readline())
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError) as exc:
        raise BadInvitationError("invitations do not work now: the broker does not run on this machine") from exc


def _row(new: NewInvitation, project: str, operator: str) -> Invitation:
    """Raises BadIdError when the name fits no person."""
    name = new.name or None
    return Invitation(
        invitation_id=new.invitation_id,
        key=new.key,
        name=name if name is None else str(User.build(name, new.role, [project]).name),
        role=Role(new.role),
        project=project,
        expires_at=datetime.now(UTC) + timedelta(seconds=new.lasts_s),
        uses=new.uses,
        made_by=operator,
    )


def _shown(row: Invitation) -> OpenInvitation:
    return OpenInvitation(
        invitation_id=row.invitation_id,
        name=row.name,
        role=row.role,
        expires_at=row.expires_at,
        uses=row.uses,
        used_count=len(row.redeemed),
        made_by=row.made_by,
    )
