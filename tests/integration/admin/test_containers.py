"""The image and the compose file: what they copy is there, nobody is root, and their settings fit what `cairn init` writes."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from admin.system import Ports, System
from broker.ids import ProjectId
from broker.settings import Settings as BrokerSettings
from reconstructor.config import Settings as ReconstructorSettings
from tests.documents.blocks import Block
from tests.documents.checks import faults
from viewer.config import Settings as ViewerSettings

ROOT = Path(__file__).parents[3]
COMPOSE = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
SERVICES = ("broker", "reconstructor", "page", "renew")


def instructions() -> Iterator[tuple[str, str]]:
    """Each instruction of the Dockerfile with its arguments on one line."""
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, arguments = line.partition(" ")
        yield name, " ".join(arguments.split())


def arguments_of(name: str) -> list[str]:
    return [arguments for found, arguments in instructions() if found == name]


def service(name: str) -> str:
    """The lines of one service of the compose file."""
    found = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", COMPOSE, re.MULTILINE)
    assert found is not None
    return found[1]


def test_everything_that_is_copied_into_the_image_reaches_docker() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    own = [words.split()[:-1] for words in arguments_of("COPY") if "--from=" not in words]
    sources = {source for words in own for source in words}
    assert {source for source in sources if not (ROOT / source).exists()} == set()
    assert {source.partition("/")[0] for source in sources} == let_in
    assert ignored[1] == "*"  # so accounts, keys and photographs stay outside


@pytest.mark.parametrize("secret", ["data/secrets/ops.password", "cairn.toml", ".git/config", ".venv/pyvenv.cfg"])
def test_no_secret_reaches_docker(secret: str) -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert not any(fnmatch(secret, pattern) or secret.startswith(f"{pattern}/") for pattern in let_in)


def test_the_image_is_pinned_runs_without_root_and_carries_no_secret() -> None:
    bases = [arguments.split()[0] for arguments in arguments_of("FROM")]
    assert all(re.fullmatch(r"(node|python):\d[\w.]*-bookworm-slim|python:3\.11-slim-bookworm", base) for base in bases)
    steps = list(instructions())
    assert arguments_of("USER") == ["cairn"]
    assert [name for name, _ in steps if name in {"RUN", "USER"}][-1] == "USER"
    named = " ".join(arguments_of("ENV") + arguments_of("ARG")).lower()
    assert not any(word in named for word in ("password", "secret", "token", "key"))
    stages = {words.split()[-1] for words in arguments_of("FROM") if " AS " in words}
    assert {match for words in arguments_of("COPY") for match in re.findall(r"--from=(\w+)", words)} <= stages


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker command to check with")
def test_docker_takes_the_compose_file() -> None:
    done = subprocess.run(
        ["docker", "stack", "config", "--compose-file", "deploy/compose.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Ignoring" not in done.stderr.replace("Ignoring unsupported options: build", "")
    assert [name for name in SERVICES if f"\n  {name}:\n" not in done.stdout] == []


def test_settings_of_the_containers_fit_what_init_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(tmp_path)
    system.add_project(ProjectId("chapel"), Ports(mqtt=1883, tls=8883, page=8080), ["server.example.org"])
    monkeypatch.setenv("CAIRN_SETTINGS", str(system.settings_file))
    for name in SERVICES:
        for variable, value in re.findall(r"^ {6}(CAIRN_\w+): (.+)$", service(name), re.MULTILINE):
            monkeypatch.setenv(variable, value.strip('"'))
    broker, reconstructor, viewer = BrokerSettings.load(), ReconstructorSettings.load(), ViewerSettings.load()
    assert (broker.host, broker.tls_port, viewer.host, viewer.port) == ("0.0.0.0", 8883, "0.0.0.0", 8080)  # noqa: S104
    for connection in (reconstructor.broker, viewer.broker):
        assert (connection.host, connection.port) == ("broker", 1883)
        assert connection.secret()
    assert viewer.shard_cache_folder == Path("/data")  # not /tmp, which is memory
    published = re.findall(r'ports: \["(\d+):(\d+)"\]', COMPOSE)
    assert published == [("8883", "8883"), ("8080", "8080")]


def test_the_health_check_of_the_reconstructor_is_a_command_of_ours() -> None:
    found = re.search(r"(cairn view ping .+?)\"\$\$\(python -c .+?\)\"\n", COMPOSE, re.DOTALL)
    assert found is not None
    command = " ".join(found[1].split())
    assert faults(Block(document=ROOT / "deploy/compose.yaml", line=1, language="sh", text=f"{command} chapel")) == []
    assert (
        faults(Block(document=ROOT / "deploy/compose.yaml", line=1, language="sh", text="cairn view ping chapel")) != []
    )


def test_the_certificate_is_renewed_by_a_command_of_ours_again_and_again() -> None:
    found = re.search(r'entrypoint: \[sh, -c, "while :; do (cairn .+?); sleep 3600; done"\]', service("renew"))
    assert found is not None
    assert faults(Block(document=ROOT / "deploy/compose.yaml", line=1, language="sh", text=found[1])) == []
    assert "<<: *cairn" in service("renew")  # the same volume and user


def test_health_checks_fail_while_nothing_answers() -> None:
    checks = re.findall(r'test: \[CMD, python, -c, "(.+)"\]', COMPOSE)
    assert len(checks) == 2
    for check in checks:
        done = subprocess.run(
            [sys.executable, "-c", re.sub(r"1883|8080", "1", check)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "refused" in done.stderr or done.stderr == ""
