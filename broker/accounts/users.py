"""Who has an account on our broker? One file, readable by its owner only: names, roles, projects, password hashes."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from broker.accounts.access import Account, BadUserError, Credential, User
from broker.accounts.audit import Action, AuditLog
from broker.accounts.passwords import fresh_password
from broker.errors import CairnError
from broker.files import locked, write_durably
from broker.ids import ProjectId


class NameTakenError(CairnError):
    """A new account with the name of another."""

    code = "name_taken"
    remedy = "Choose another name."


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: str
    projects: list[str]
    password_hash: str
    home_assistant_prefix: str | None = None


_ROWS: Final = TypeAdapter(list[_Row])


@dataclass(frozen=True, slots=True)
class UserBook:
    """`users.json` below a broker's data folder. A broker that runs takes a change within a second.

    Everything that changes it raises BadUserError when the disk does not take the change.
    """

    data_dir: Path

    @property
    def file(self) -> Path:
        """Where the accounts are kept."""
        return self.data_dir / "users.json"

    def accounts(self) -> list[Account]:
        """Everybody, by name.

        Raises:
            BadUserError: the file is not what we wrote.
        """
        if not self.file.exists():
            return []
        try:
            rows = _ROWS.validate_json(self.file.read_bytes())
        except ValidationError as exc:
            raise BadUserError(f"{self.file} is damaged: restore it or delete it and add the users again") from exc
        return [_account(row) for row in rows]

    def users(self) -> list[User]:
        """Everybody, by name; raises like `accounts`."""
        return [account.user for account in self.accounts()]

    def add(self, user: User) -> Credential:
        """Add a user with a new password.

        Raises:
            BadUserError: there is an account of this name.
        """
        with self._changing() as accounts:
            if user.name in accounts:
                raise BadUserError(f"there is an account {user.name!r}: `cairn broker user passwd` renews its password")
            credential = Credential.fresh(user)
            accounts[user.name] = credential.account
        return credential

    def change(self, user: User) -> None:
        """Change role and projects of an account; its password stays. Raises BadUserError when there is none."""
        with self._changing() as accounts:
            accounts[user.name] = replace(_known(accounts, user.name), user=user)

    def set_password(self, name: str, password: str | None = None) -> Credential:
        """Give an account a new password, by default a random one; the earlier one ends.

        Raises:
            BadUserError: there is no such account.
        """
        with self._changing() as accounts:
            credential = Credential(user=_known(accounts, name).user, password=password or fresh_password())
            accounts[name] = credential.account
        return credential

    def add_account(self, account: Account) -> None:
        """Add an account whose password somebody else keeps; raises NameTakenError when there is one of this name."""
        with self._changing() as accounts:
            if account.user.name in accounts:
                raise NameTakenError(f"the name {account.user.name!r} is taken: choose another")
            accounts[account.user.name] = account

    def renew(self, account: Account) -> User:
        """Add an account; one of this name gets the password and joins the projects, too.

        Raises:
            BadUserError: the account of this name has another role.
        """
        user = account.user
        with self._changing() as accounts:
            known = accounts.get(user.name)
            if known is not None:
                if known.user.role != user.role:
                    raise BadUserError(f"there is an account {user.name!r} with the role {known.user.role}: remove it")
                projects = tuple(dict.fromkeys((*known.user.projects, *user.projects)))
                user = replace(known.user, projects=projects)
            accounts[user.name] = replace(account, user=user)
        return user

    def remove(self, name: str) -> None:
        """Take an account away; raises BadUserError when there is none."""
        with self._changing() as accounts:
            _known(accounts, name)
            del accounts[name]

    def add_to_project(self, project: ProjectId, names: Iterable[str]) -> None:
        """Make accounts members of a project; raises BadUserError when there is no such account."""
        with self._changing() as accounts:
            for name in names:
                user = _known(accounts, name).user
                members = (*(each for each in user.projects if each != project), project)
                accounts[name] = replace(accounts[name], user=replace(user, projects=members))

    def remove_project(self, project: ProjectId) -> tuple[str, ...]:
        """Take a project away from all accounts; returns those that had no other and are gone with it."""
        gone = []
        with self._changing() as accounts:
            for name, account in list(accounts.items()):
                others = tuple(each for each in account.user.projects if each != project)
                if others:
                    accounts[name] = replace(account, user=replace(account.user, projects=others))
                else:
                    gone.append(name)
                    del accounts[name]
        return tuple(gone)

    def stamp(self) -> tuple[int, ...]:
        """What differs after a change; empty without a file."""
        try:
            found = self.file.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_ino, found.st_size

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Account]]:
        """Read the accounts, let the block change them, and write them; two programs do not overwrite each other."""
        with ExitStack() as held:
            try:
                self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
                held.enter_context(locked(self.data_dir / "users.lock"))
            except OSError as exc:
                raise self._not_written(exc) from exc
            before = {str(each.user.name): each for each in self.accounts()}
            accounts = dict(before)
            yield accounts
            rows = [_row(accounts[name]) for name in sorted(accounts)]
            try:
                write_durably(self.data_dir, {self.file.name: _ROWS.dump_json(rows, indent=1) + b"\n"}, mode=0o600)
            except OSError as exc:
                raise self._not_written(exc) from exc
            self._note_changes(before, accounts)

    def _not_written(self, exc: OSError) -> BadUserError:
        return BadUserError(f"cannot write the accounts in {self.data_dir}: {exc.strerror}")

    def _note_changes(self, before: Mapping[str, Account], after: Mapping[str, Account]) -> None:
        log = AuditLog(self.data_dir)
        for name in before.keys() - after.keys():
            log.note(Action.ACCOUNT_REMOVED, account=name)
        for name, account in after.items():
            known, user = before.get(name), account.user
            rights = {"role": user.role, "projects": ",".join(user.projects)}
            if known is None:
                log.note(Action.ACCOUNT_ADDED, account=name, **rights)
            elif known.user != user:
                log.note(Action.ACCOUNT_CHANGED, account=name, **rights)
            if known is not None and known.password_hash != account.password_hash:
                log.note(Action.PASSWORD_CHANGED, account=name)


def _known(accounts: Mapping[str, Account], name: str) -> Account:
    if name not in accounts:
        raise BadUserError(f"nobody is called {name!r}: `cairn broker user list` lists the accounts")
    return accounts[name]


def _account(row: _Row) -> Account:
    user = User.build(row.name, row.role, row.projects, home_assistant_prefix=row.home_assistant_prefix)
    return Account(user=user, password_hash=row.password_hash)


def _row(account: Account) -> _Row:
    user = account.user
    return _Row(
        name=str(user.name),
        role=str(user.role),
        projects=[str(each) for each in user.projects],
        password_hash=account.password_hash,
        home_assistant_prefix=user.home_assistant_prefix,
    )
