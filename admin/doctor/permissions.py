"""Who may read the secrets on disk? Passwords, keys and accounts belong to one account of the machine, and to it alone."""

import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from admin.doctor.findings import Finding, fault, ok
from admin.installation import Installation
from broker.config import Connection

SUBJECT = "permissions"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_permissions(installation: Installation) -> Iterator[Finding]:
    """Check the files and folders that hold secrets."""
    files, folders = secret_files(installation), secret_folders(installation)
    findings = [*check_modes(files, 0o600), *check_modes(folders, 0o700)]
    if findings:
        yield from findings
    else:
        yield ok(SUBJECT, f"{len(files)} secret files and {len(folders)} folders are open to their owner only")


def secret_files(installation: Installation) -> list[Path]:
    """Every file there is that holds a password, a key or a hash of one."""
    broker, viewer = installation.broker, installation.viewer
    connections: tuple[Connection, ...] = (installation.reconstructor.broker, viewer.broker)
    named = [
        *(each.password_file for each in connections),
        *installation.system.secrets.glob("*.password"),
        *installation.system.tls.folder.glob("*.key"),
        broker.key,
        getattr(viewer, "key", None),
        *(broker.data_dir / name for name in ("users.json", "passwords", "acl.conf", "invitations.json")),
    ]
    return sorted({each for each in named if each is not None and _exists(each)})


def secret_folders(installation: Installation) -> list[Path]:
    """Every folder there is whose names and files are nobody else's business."""
    system = installation.system
    named = (installation.broker.data_dir, system.secrets, system.tls.folder)
    return sorted({each for each in named if _exists(each)})


def check_modes(paths: Iterable[Path], mode: int) -> Iterator[Finding]:
    """Find what others than the owner may touch, and what belongs to somebody who is not expected."""
    for path in paths:
        try:
            found = path.stat()
        except OSError as exc:
            yield fault(SUBJECT, f"cannot look at {path}: {exc.strerror}", "run `sudo cairn doctor`")
            continue
        if found.st_mode & _OTHERS:
            yield fault(
                SUBJECT,
                f"{path} is open to other accounts of this machine: mode {stat.S_IMODE(found.st_mode):03o}",
                f"chmod {mode:03o} {path}",
            )
        if found.st_uid not in {0, os.geteuid(), path.parent.stat().st_uid}:
            yield fault(SUBJECT, f"{path} belongs to {_name(found.st_uid)}", f"chown {_name(os.geteuid())} {path}")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # it is there, in a folder that we may not enter
        return True


def _name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
