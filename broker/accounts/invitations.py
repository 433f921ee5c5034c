"""Who is invited? One file, readable by the broker's owner only; redeeming an invitation makes the account."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from broker.accounts.access import Account, User
from broker.accounts.audit import Action, AuditLog
from broker.accounts.invitation_secret import BadInvitationError, InvitationKey, Secret
from broker.accounts.users import UserBook
from broker.channel import Role
from broker.files import locked, write_durably

INVITABLE: Final = frozenset({Role.AGENT, Role.CONTRIBUTOR, Role.VIEWER, Role.OPERATOR, Role.OBSERVER})
MOST_OPEN: Final = 20  # invitations of one operator that can still be used
KEPT: Final = timedelta(days=30)  # after its end an invitation still tells why it is refused


class Invitation(BaseModel):
    """One invitation as it is kept.

    Attributes:
        name: of the account; numbered when several may come; None when each who comes chooses one.
        redeemed: the accounts that it made.
        password_hashes: hashes of the passwords that the accounts got by this invitation; their browsers made them.
        made_by: the operator who made it on the page; None for one made on the server's command line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    invitation_id: str
    key: str
    name: str | None
    role: Role
    project: str
    expires_at: AwareDatetime
    uses: int
    redeemed: tuple[str, ...] = ()
    password_hashes: tuple[str, ...] = ()
    made_by: str | None = None

    def is_open(self, at: datetime) -> bool:
        """Whether it can still be used at this time."""
        return at <= self.expires_at and len(self.redeemed) < self.uses


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """What somebody with a link sends to join: the hash of a password, why it is to be believed, and a name if asked."""

    password_hash: str
    proof: str
    name: str = ""
    is_rig: bool = False


_ROWS: Final = TypeAdapter(list[Invitation])


@dataclass(frozen=True, slots=True)
class Invitations:
    """`invitations.json` below a broker's data folder.

    Everything that changes it raises BadInvitationError when the disk does not take the change.
    """

    data_dir: Path

    def all(self) -> list[Invitation]:
        """All that were not revoked, oldest first; raises BadInvitationError when the file is damaged."""
        path = self.data_dir / "invitations.json"
        if not path.exists():
            return []
        try:
            return _ROWS.validate_json(path.read_bytes())
        except ValidationError as exc:
            raise BadInvitationError(f"{path} is damaged: remove it and invite again") from exc

    def open_in(self, project: str) -> list[Invitation]:
        """Those of a project that can still be used, newest first."""
        now = datetime.now(UTC)
        return [row for row in reversed(self.all()) if row.project == project and row.is_open(now)]

    def add(self, user: User, *, lasts: timedelta, uses: int) -> Secret:
        """Invite somebody to one project; the account does not exist yet.

        Raises:
            BadInvitationError: a role that nobody is invited to, or a rig with several uses.
        """
        if user.role not in INVITABLE:
            raise BadInvitationError(f"nobody is invited as {user.role}: use `cairn broker user add`")
        if uses > 1 and user.role is Role.AGENT:
            raise BadInvitationError("an invitation of a rig is for one rig: invite each by its name")
        secret = Secret.fresh()
        self.put(
            Invitation(
                invitation_id=secret.invitation_id,
                key=secret.key.text,
                name=user.name,
                role=user.role,
                project=user.projects[0],
                expires_at=datetime.now(UTC) + lasts,
                uses=uses,
            )
        )
        return secret

    def put(self, row: Invitation) -> None:
        """Add an invitation; those that ended long ago go.

        Raises:
            BadInvitationError: there is one of this number, or the operator has too many open ones.
            BadIdError: the name is too long for the numbers that it gets.
        """
        if row.name is not None and row.uses > 1:
            User.build(f"{row.name}-{row.uses}", row.role, [row.project])
        now = datetime.now(UTC)
        with self._changing() as rows:
            if any(each.invitation_id == row.invitation_id for each in rows):
                raise BadInvitationError("there is an invitation of this number: make another")
            open_count = sum(each.made_by == row.made_by and each.is_open(now) for each in rows)
            if row.made_by is not None and open_count >= MOST_OPEN:
                raise BadInvitationError(f"{row.made_by} has {MOST_OPEN} open invitations: revoke one first")
            rows[:] = [*(each for each in rows if each.expires_at + KEPT > now), row]

    def revoke(self, invitation_id: str, *, project: str | None = None) -> Invitation:
        """Take an invitation back; accounts that it made stay. Raises BadInvitationError when the project has none."""
        with self._changing() as rows:
            row = _find(rows, invitation_id)
            if project not in {None, row.project}:
                raise BadInvitationError("there is no such invitation in this project")
            rows.remove(row)
        return row

    def revoke_project(self, project: str) -> None:
        """Take all invitations to a project back, because the project is served no longer; accounts are not touched."""
        self._revoke_all(lambda row: row.project == project)

    def revoke_account(self, name: str) -> None:
        """Take the invitations back that would make this account again, because it was removed."""
        self._revoke_all(lambda row: row.name == name and row.uses == 1)

    def _revoke_all(self, is_meant: Callable[[Invitation], bool]) -> None:
        if any(map(is_meant, self.all())):
            with self._changing() as rows:
                rows[:] = [row for row in rows if not is_meant(row)]

    def redeem(self, invitation_id: str, joining: Joining) -> tuple[Invitation, User]:
        """Use an invitation once: make its account.

        One that names its account and was made on the command line gives an account of this name the new password.

        Raises:
            BadInvitationError: there is none, it is used up, its time is over, or the proof is not made with its key.
            NameTakenError: the name is another account's.
            BadUserError: the account of this name has another role.
            BadIdError: the name fits no person.
        """
        book = UserBook(self.data_dir)
        with self._changing() as rows:
            row = _find(rows, invitation_id)
            InvitationKey(row.key).check_proof(joining.proof, joining.password_hash, joining.name)
            _check_open(row, book, is_rig=joining.is_rig)
            user = User.build(_name(row, joining, book), row.role, [row.project])
            account = Account(user=user, password_hash=joining.password_hash)
            if row.made_by is None and row.name == user.name:
                user = book.renew(account)
            else:
                book.add_account(account)
            made = {
                "redeemed": (*row.redeemed, str(user.name)),
                "password_hashes": (*row.password_hashes, joining.password_hash),
            }
            rows[rows.index(row)] = row.model_copy(update=made)
        return row, user

    def leave(self, account: Account) -> bool:
        """End an account whose present password came by an invitation; returns whether it did.

        The browser that made the password forgets it at log-out, so nobody can use the account any more. An account that
        was named on the command line gets a random password, and `cairn invite NAME` renews it; any other is removed.
        """
        name, book = str(account.user.name), UserBook(self.data_dir)
        made = [row for row in self.all() if account.password_hash in row.password_hashes and name in row.redeemed]
        if not made or account.user.role is Role.AGENT:
            return False
        if made[-1].made_by is None and made[-1].name == name:
            book.set_password(name)
        else:
            book.remove(name)
        return True

    @contextmanager
    def _changing(self) -> Iterator[list[Invitation]]:
        with ExitStack() as held:
            with self._writing():
                self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
                held.enter_context(locked(self.data_dir / "invitations.lock"))
            before = self.all()
            rows = list(before)
            yield rows
            with self._writing():
                write_durably(self.data_dir, {"invitations.json": _ROWS.dump_json(rows, indent=1) + b"\n"}, mode=0o600)
            self._note_changes(before, rows)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise BadInvitationError(f"cannot write the invitations in {self.data_dir}: {exc.strerror}") from exc

    def _note_changes(self, before: list[Invitation], after: list[Invitation]) -> None:
        log, now = AuditLog(self.data_dir), datetime.now(UTC)
        known, left = ({row.invitation_id: row for row in rows} for rows in (before, after))
        for number, row in known.items():
            if number not in left and row.expires_at > now:
                log.note(Action.REVOKED, account=row.name, project=row.project, role=row.role, invitation=number)
        for number, row in left.items():
            earlier = known.get(number)
            if earlier is None:
                log.note(
                    Action.INVITED,
                    account=row.name,
                    project=row.project,
                    role=row.role,
                    by=row.made_by,
                    uses=row.uses,
                    until=row.expires_at.isoformat(timespec="seconds"),
                    invitation=number,
                )
            for name in row.redeemed[len(earlier.redeemed) if earlier else 0 :]:
                log.note(Action.REDEEMED, account=name, project=row.project, role=row.role, invitation=number)


def _find(rows: list[Invitation], invitation_id: str) -> Invitation:
    for row in rows:
        if row.invitation_id == invitation_id:
            return row
    raise BadInvitationError("there is no such invitation, or it was revoked: ask for a new one")


def _check_open(row: Invitation, book: UserBook, *, is_rig: bool) -> None:
    if is_rig and row.role is not Role.AGENT:
        raise BadInvitationError(f"this invitation is for a person ({row.role}): open it in a browser")
    if row.role is Role.AGENT and not is_rig:
        raise BadInvitationError("this invitation is for a rig: type `cairn edge join` and the link on the rig")
    if datetime.now(UTC) > row.expires_at:
        raise BadInvitationError(f"this invitation ended on {row.expires_at:%Y-%m-%d %H:%M} UTC: ask for a new one")
    if len(row.redeemed) >= row.uses:
        raise BadInvitationError("this invitation is used up: ask for a new one")
    if row.made_by is not None and not is_operator(book, row.made_by, row.project):
        raise BadInvitationError(f"{row.made_by}, who made this invitation, may invite no more: ask for a new one")


def is_operator(book: UserBook, name: str, project: str) -> bool:
    """Whether somebody may invite to a project now."""
    return any(user.name == name and user.role is Role.OPERATOR and project in user.projects for user in book.users())


def _name(row: Invitation, joining: Joining, book: UserBook) -> str:
    """The account's name: the one that was asked for, the invitation's, or the next free number of it."""
    if row.name is None or row.uses == 1:
        return row.name or joining.name
    taken = {user.name for user in book.users()}
    number = len(row.redeemed) + 1
    while f"{row.name}-{number}" in taken:
        number += 1
    return f"{row.name}-{number}"
