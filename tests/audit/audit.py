"""What can be checked about safety without attacking anything? Rules, dependencies, secrets in the repository, file modes.

`python -m tests.audit.audit` (also `make audit`): one line for each check, then what could not be checked and why. Exit
code 1 when something was found. `make siege` is the attack.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.architecture.sources import PROGRAMS, ROOT

TIMEOUT_S: Final = 300.0
DATA: Final = ROOT / "data"
# What must not stand in a file of the repository. Each with what it is.
SECRETS: Final = {
    "private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}"),
    "password hash": re.compile(rb"\$7\$\d+\$[A-Za-z0-9+/=]{12,}\$[A-Za-z0-9+/=]{40,}"),
    "invitation": re.compile(rb"#invite=(?!A{8})[A-Za-z0-9_-]{24}(?![A-Za-z0-9_-])"),
    "password": re.compile(rb"(?i)(?:password|secret|token)['\"]?\s*[:=]\s*['\"](?!A{8})[A-Za-z0-9_+/-]{24,}['\"]"),
    "access token": re.compile(rb"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abp]-[0-9A-Za-z-]{20,})\b"),
}
PRIVATE_NAMES: Final = ("*.password", "*.key", "users.json", "passwords", "invitations.json", "audit.log*", "acl.conf")
MADE_UP: Final = frozenset({"tests/golden/invitation.json", "viewer/web/tests/wire/invitation.test.ts"})


class UncheckedError(Exception):
    """A check that cannot be done here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result of one check.

    Attributes:
        looked: how much was looked at, in words.
        findings: what is wrong, one line each.
    """

    looked: str
    findings: tuple[str, ...] = ()


def access_rules() -> Checked:
    """Try every cell of the hand-written table of access on a real Mosquitto."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-s",
        "-p",
        "no:cacheprovider",
        "tests/integration/trust/test_acl.py",
    ]
    done = _run(words)
    found = re.search(r'\{"acl_cells": (\d+), "acl_wrong": (\d+)\}', done.stdout)
    if found is None:
        return Checked(looked="0 cells", findings=("the test of the rules did not end: run it alone",))
    is_bad = done.returncode != 0
    findings = (f"{found[2]} cells are wrong: run tests/integration/trust/test_acl.py",) if is_bad else ()
    return Checked(looked=f"{found[1]} cells", findings=findings)


def static_rules() -> Checked:
    """Run the rules of bandit, which ruff calls S, over the programs; pyproject.toml says why two are left out."""
    done = _run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--select",
            "S",
            "--ignore",
            "S603,S607",
            "--output-format",
            "json",
            *PROGRAMS,
            "cairn.py",
        ]
    )
    found = _json(done, "ruff")
    excepted = sum(
        len(re.findall(r"# noqa: [A-Z0-9, ]*\bS\d{3}", path.read_text(encoding="utf-8")))
        for program in PROGRAMS
        for path in (ROOT / program).rglob("*.py")
    )
    findings = tuple(f"{each['filename']}:{each['location']['row']} {each['code']} {each['message']}" for each in found)
    return Checked(looked=f"the S rules of ruff, {excepted} lines excepted with a reason", findings=findings)


def python_packages() -> Checked:
    """Ask for known holes of the pinned Python packages."""
    program = shutil.which("pip-audit")
    if program is None:
        raise UncheckedError("pip-audit is not installed: pipx install pip-audit, then run it on constraints.txt")
    done = _run([program, "--requirement", "constraints.txt", "--no-deps", "--disable-pip", "--format", "json"])
    packages = _json(done, "pip-audit").get("dependencies", [])
    asked = [each for each in packages if "vulns" in each]
    if not asked:
        raise UncheckedError(f"pip-audit could ask for none of {len(packages)} packages")
    findings = tuple(f"{each['name']} {each['version']}: {hole['id']}" for each in asked for hole in each["vulns"])
    return Checked(looked=f"{len(asked)} of {len(packages)} packages", findings=findings)


def page_packages() -> Checked:
    """Ask for known holes of the page's packages, those that only build it included."""
    program = shutil.which("npm")
    if program is None:
        raise UncheckedError("npm is not installed")
    answer = _json(_run([program, "--prefix", "viewer/web", "audit", "--json"]), "npm audit")
    if "metadata" not in answer:
        raise UncheckedError(f"the registry does not answer npm audit: {answer.get('message', 'no reason given')}")
    holes = answer.get("vulnerabilities", {})
    findings = tuple(f"{name}: {hole['severity']}" for name, hole in holes.items())
    return Checked(looked=f"{answer['metadata']['dependencies']['total']} packages", findings=findings)


def secrets_in_repository() -> Checked:
    """Look for keys, hashes, invitations and passwords in every file that git knows."""
    files = tracked_files()
    findings = tuple(line for path in files if str(path) not in MADE_UP for line in secrets_in(ROOT / path))
    return Checked(looked=f"{len(files)} files", findings=findings)


def file_modes() -> Checked:
    """Look for files of the repository that others may write, and for private files of `data` that others may read."""
    files = [ROOT / path for path in tracked_files()]
    findings = [f"{path}: others may write it" for path in files if path.is_file() and path.stat().st_mode & 0o002]
    private = private_files(DATA)
    findings += [f"{path}: others may read it" for path in private if is_readable_by_others(path, DATA)]
    return Checked(looked=f"{len(files)} files, {len(private)} private ones in data/", findings=tuple(findings))


CHECKS: Final[dict[str, Callable[[], Checked]]] = {
    "rules of access": access_rules,
    "static rules": static_rules,
    "Python packages": python_packages,
    "page's packages": page_packages,
    "secrets in files": secrets_in_repository,
    "file modes": file_modes,
}


def tracked_files() -> list[Path]:
    """Every file that git knows, relative to the repository; raises UncheckedError outside of a repository."""
    done = _run(["git", "-C", str(ROOT), "ls-files", "-z"])
    if done.returncode != 0:
        raise UncheckedError("this is no git repository")
    return [Path(name) for name in done.stdout.split("\0") if name]


def secrets_in(path: Path) -> Iterator[str]:
    """Yield what looks like a secret in one file, with its line and never with itself."""
    if not path.is_file():
        return
    content = path.read_bytes()
    for kind, pattern in SECRETS.items():
        for found in pattern.finditer(content):
            line = content.count(b"\n", 0, found.start()) + 1
            yield f"{path}:{line} looks like a {kind}"


def private_files(folder: Path) -> list[Path]:
    """Files of a system that hold a secret or what people did."""
    return sorted(path for pattern in PRIVATE_NAMES for path in folder.rglob(pattern) if path.is_file())


def is_readable_by_others(path: Path, top: Path) -> bool:
    """Whether neither the file nor a folder above it, up to `top`, keeps other users out."""
    if path.stat().st_mode & 0o004 == 0:
        return False
    folders = [each for each in path.parents if each == top or top in each.parents]
    return all(each.stat().st_mode & 0o001 for each in folders)


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise UncheckedError(f"{Path(words[0]).name} does not answer: {exc}") from exc


def _json(done: subprocess.CompletedProcess[str], program: str) -> Any:
    try:
        return json.loads(done.stdout)
    except ValueError as exc:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UncheckedError(f"{program} says: {said[-1][:200] if said else 'nothing'}") from exc


def main() -> int:
    """Run every check; returns the exit code."""
    unchecked, is_bad = [], False
    for name, check in CHECKS.items():
        try:
            checked = check()
        except UncheckedError as exc:
            unchecked.append(f"{name}: {exc}")
            continue
        is_bad |= bool(checked.findings)
        sys.stdout.write(f"{name:17} {len(checked.findings)} found in {checked.looked}\n")
        sys.stdout.writelines(f"    {line}\n" for line in checked.findings)
        sys.stdout.flush()
    for line in unchecked:
        sys.stdout.write(f"not checked       {line}\n")
    sys.stdout.write(f"{len(CHECKS) - len(unchecked)} of {len(CHECKS)} checks were done\n")
    return int(is_bad)


if __name__ == "__main__":
    sys.exit(main())
