"""Who is invited? One file, readable by the broker's owner only; redeeming an invitation makes the account."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from broker.accounts.access import Credential, User
from broker.accounts.invitation_secret import BadInvitationError, Secret
from broker.accounts.users import UserBook
from broker.channel import Role
from broker.files import locked, write_durably

INVITABLE: Final = frozenset({Role.AGENT, Role.CONTRIBUTOR, Role.VIEWER, Role.OPERATOR, Role.OBSERVER})


class Invitation(BaseModel):
    """One invitation as it is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: str
    name: str
    role: Role
    project: str
    expires_at: AwareDatetime
    uses: int
    redeemed: tuple[str, ...] = ()  # the accounts that it made

    @property
    def invitation_id(self) -> str:
        """What it is looked up by."""
        return Secret(self.secret).invitation_id

    @property
    def next_name(self) -> str:
        """The account that the next use makes: the name itself, or numbered when it may be used several times."""
        return self.name if self.uses == 1 else f"{self.name}-{len(self.redeemed) + 1}"


_ROWS: Final = TypeAdapter(list[Invitation])


@dataclass(frozen=True, slots=True)
class Invitations:
    """`invitations.json` below a broker's data folder."""

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
        row = Invitation(
            secret=secret.text,
            name=user.name,
            role=user.role,
            project=user.projects[0],
            expires_at=datetime.now(UTC) + lasts,
            uses=uses,
        )
        with self._changing() as rows:
            rows.append(row)
        return secret

    def revoke(self, invitation_id: str) -> Invitation:
        """Take an invitation back; accounts that it made stay. Raises BadInvitationError when there is none."""
        with self._changing() as rows:
            row = _find(rows, invitation_id)
            rows.remove(row)
        return row

    def redeem(self, invitation_id: str) -> tuple[Invitation, User]:
        """Use an invitation once: make its account, or give the account of this name a new password.

        Raises:
            BadInvitationError: there is none, it is used up, or its time is over.
        """
        with self._changing() as rows:
            row = _find(rows, invitation_id)
            if datetime.now(UTC) > row.expires_at:
                raise BadInvitationError(
                    f"this invitation ended on {row.expires_at:%Y-%m-%d %H:%M} UTC: ask for a new one"
                )
            if len(row.redeemed) >= row.uses:
                raise BadInvitationError("this invitation is used up: ask for a new one")
            user = User.build(row.next_name, row.role, [row.project])
            password = Secret(row.secret).password(user.name)
            user = UserBook(self.data_dir).set_credential(Credential(user=user, password=password))
            rows[rows.index(row)] = row.model_copy(update={"redeemed": (*row.redeemed, str(user.name))})
        return row, user

    @contextmanager
    def _changing(self) -> Iterator[list[Invitation]]:
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(self.data_dir / "invitations.lock"):
            rows = self.all()
            yield rows
            write_durably(self.data_dir, {"invitations.json": _ROWS.dump_json(rows, indent=1) + b"\n"}, mode=0o600)


def _find(rows: list[Invitation], invitation_id: str) -> Invitation:
    for row in rows:
        if row.invitation_id == invitation_id:
            return row
    raise BadInvitationError("there is no such invitation, or it was revoked: ask for a new one")
