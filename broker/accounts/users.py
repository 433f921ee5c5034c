"""Who has an account on our broker, and where is each one's password? One folder, readable by its owner only."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from broker.accounts.access import BadUserError, Credential, User
from broker.files import write_durably

_Row = tuple[str, str, list[str]] | tuple[str, str, list[str], str]  # name, role, projects, Home Assistant's prefix
_ROWS: Final = TypeAdapter(list[_Row])


@dataclass(frozen=True, slots=True)
class UserBook:
    """`users.json` and `secrets/{name}` below a broker's data folder."""

    data_dir: Path

    def password_file(self, name: str) -> Path:
        """Where a user's password is kept, for the settings of the program that uses it."""
        return self.data_dir / "secrets" / name

    def users(self) -> list[User]:
        """Everybody, by name.

        Raises:
            BadUserError: `users.json` is not what we wrote.
        """
        if not self._file.exists():
            return []
        try:
            rows = _ROWS.validate_json(self._file.read_bytes())
        except ValidationError as exc:
            raise BadUserError(f"{self._file} is damaged: restore it or delete it and add the users again") from exc
        return [
            User.build(name, role, projects, home_assistant_prefix=prefix[0] if prefix else None)
            for name, role, projects, *prefix in rows
        ]

    def credentials(self) -> list[Credential]:
        """Everybody with their password.

        Raises:
            BadUserError: a password file is missing.
        """
        try:
            return [
                Credential(user=user, password=self.password_file(user.name).read_text(encoding="utf-8").strip())
                for user in self.users()
            ]
        except OSError as exc:
            raise BadUserError(f"cannot read a password: {exc}; add the user again") from exc

    def add(self, user: User) -> Credential:
        """Add a user, or change role and projects of one; an existing password stays."""
        others = [one for one in self.users() if one.name != user.name]
        secret = self.password_file(user.name)
        if not secret.exists():
            _write(secret, secrets.token_urlsafe(24) + "\n")
        self._save([*others, user])
        return Credential(user=user, password=secret.read_text(encoding="utf-8").strip())

    def remove(self, name: str) -> None:
        """Take an account away.

        Raises:
            BadUserError: nobody has this name.
        """
        users = self.users()
        if name not in {user.name for user in users}:
            raise BadUserError(f"nobody is called {name!r}: `cairn broker users` lists the accounts")
        self._save([user for user in users if user.name != name])
        self.password_file(name).unlink(missing_ok=True)

    @property
    def _file(self) -> Path:
        return self.data_dir / "users.json"

    def _save(self, users: Iterable[User]) -> None:
        rows = [_row(user) for user in sorted(users, key=lambda user: str(user.name))]
        _write(self._file, _ROWS.dump_json(rows).decode() + "\n")


def _row(user: User) -> _Row:
    row = (str(user.name), str(user.role), [str(each) for each in user.projects])
    return row if user.home_assistant_prefix is None else (*row, user.home_assistant_prefix)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(path.parent, {path.name: text.encode()}, mode=0o600)
