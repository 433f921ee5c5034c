"""How does a program change cairn.toml? As a document whose comments and other settings stay."""

import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import tomlkit
from tomlkit.exceptions import TOMLKitError

from broker.config import BadSettingsError
from broker.files import UNFINISHED, locked, write_bytes, write_durably


@dataclass(slots=True)
class SettingsDocument:
    """One settings file; comments and everything else in it stay.

    Attributes:
        file: cairn.toml.
        document: what it says; changes are on the disk after `write`, or after the block of `changing`.
    """

    file: Path
    document: tomlkit.TOMLDocument

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a settings file; one that is not there is empty. Raises BadSettingsError when it cannot be read."""
        try:
            return cls(file, tomlkit.parse(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls(file, tomlkit.document())
        except (OSError, UnicodeDecodeError, TOMLKitError) as exc:
            raise BadSettingsError(f"cannot read {file}: {exc}") from exc

    @classmethod
    @contextmanager
    def changing(cls, file: Path) -> Iterator[Self]:
        """Change a settings file in a block, and write it when the block ends without an error.

        Programs that change the same file wait for each other, so none writes over what another one has just written.

        Raises:
            BadSettingsError: the file cannot be read or written.
        """
        with ExitStack() as stack:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked(file.with_name(f".{file.name}.lock")))
            except OSError as exc:
                raise BadSettingsError(f"cannot write {file}: {exc.strerror}") from exc
            found = cls.read(file)
            yield found
            found.write()

    def check_writable(self) -> None:
        """Try to write beside the file, as `write` does; raises BadSettingsError."""
        probe = self.file.with_name(f"{self.file.name}.probe{UNFINISHED}")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(probe, tomlkit.dumps(self.document).encode() + b"\n" * 4096, 0o600)
        except OSError as exc:
            raise BadSettingsError(f"cannot write {self.file}: {exc.strerror}") from exc
        finally:
            probe.unlink(missing_ok=True)

    def write(self) -> None:
        """Write the file durably, with the permissions that it had; raises BadSettingsError."""
        try:
            mode = stat.S_IMODE(self.file.stat().st_mode) if self.file.exists() else None
            write_durably(self.file.parent, {self.file.name: tomlkit.dumps(self.document).encode()})
            if mode is not None:
                self.file.chmod(mode)  # other users' programs may read it, whatever our umask is
        except OSError as exc:
            raise BadSettingsError(f"cannot write {self.file}: {exc.strerror}") from exc
