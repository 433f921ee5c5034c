"""Who may read the secrets on disk? Passwords, keys and accounts belong to one account of the machine, and to it alone."""

import contextlib
import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from admin.certificates import AUTHORITY_KEY
from admin.doctor.findings import AS_ROOT, Finding, fault, ok
from admin.installation import Installation
from broker.config import Connection

SUBJECT = "permissions"
_FILE = stat.S_IRWXG | stat.S_IRWXO
# Services have users of their own: they may pass through a folder to a file of theirs, and not list it.
_FOLDER = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH
_SERVICES = ("cairn-", "mosquitto")  # how the names of their users begin


def check_permissions(installation: Installation) -> Iterator[Finding]:
    """Check the files and folders that hold secrets."""
    files, folders = secret_files(installation), secret_folders(installation)
    findings = [
        *check_modes([*files, *folders]),
        *check_owners([*files, *folders], installation.system.folder.stat().st_uid),
    ]
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
        *(each for each in installation.system.secrets.rglob("*") if each.is_file()),
        *installation.system.tls.folder.glob("*.key"),
        broker.key,
        viewer.key,
        *(broker.data_dir / name for name in ("users.json", "passwords", "acl.conf", "invitations.json")),
    ]
    return sorted({each for each in named if each is not None and _exists(each)})


def secret_folders(installation: Installation) -> list[Path]:
    """Every folder there is whose names and files are nobody else's business."""
    system = installation.system
    named = (installation.broker.data_dir, system.secrets, system.tls.folder)
    return sorted({each for each in named if _exists(each)})


def check_modes(paths: Iterable[Path]) -> Iterator[Finding]:
    """Find files that others than the owner may touch, and folders that others may list or write."""
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError as exc:
            yield fault(SUBJECT, f"cannot look at {path}: {exc.strerror}", AS_ROOT)
            continue
        # A page that is a service reads the broker's key by the group of the folder, and never the authority's.
        is_shared = (
            path.suffix == ".key" and path.name != AUTHORITY_KEY and bool(path.parent.stat().st_mode & stat.S_ISGID)
        )
        closed = _FOLDER if stat.S_ISDIR(mode) else _FILE & ~stat.S_IRGRP if is_shared else _FILE
        if mode & closed:
            yield fault(
                SUBJECT,
                f"{path} is open to other accounts of this machine: mode {stat.S_IMODE(mode):03o}",
                f"chmod {'go-rw' if stat.S_ISDIR(mode) else '600'} {path}",
            )


def check_owners(paths: Iterable[Path], owner: int) -> Iterator[Finding]:
    """Find what belongs to another account than this one, root, the services, and the owner of the system's folder."""
    for path in paths:
        with contextlib.suppress(OSError):
            found = path.stat().st_uid
            if found not in {0, os.geteuid(), owner} and not _name(found).startswith(_SERVICES):
                yield fault(SUBJECT, f"{path} belongs to {_name(found)}", f"chown {_name(owner)} {path}")


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
