"""What do the commands say when a person makes a mistake? One sentence, which names the mistake and what to do."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

import cairn
from broker.errors import CairnError
from broker.ids import AgentId
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from edge_agent.photograph import Photograph
from edge_agent.spool.spool import Spool
from tests.conftest import credentials

ROOT = Path(__file__).parents[2]
RUNNER = CliRunner()
NOBODY = "is the broker running (`cairn up` or `cairn broker start`), or say --broker"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """One broker for all tests, whose accounts belong to `chapel`."""
    plan = BrokerPlan(data_dir=tmp_path_factory.mktemp("broker"), port=free_port())
    with Mosquitto(plan, credentials()) as broker:
        yield broker


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, without settings."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*words: str) -> str:
    """What a command prints, and its error as `cairn` shows it."""
    result = RUNNER.invoke(cairn.app, words, prog_name="cairn")
    if isinstance(result.exception, CairnError):
        return result.output + result.exception.sentence
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def account(site: Mosquitto, name: str) -> list[str]:
    """The options of an account."""
    Path(f"{name}.password").write_text(str(site.connection(name).secret()))
    return ["--broker-port", str(site.plan.port), "--user", name, "--password-file", f"{name}.password"]


def test_a_wrong_password_and_a_missing_broker_are_told_apart(site: Mosquitto) -> None:
    right, port = account(site, "viewer"), str(free_port())
    Path("viewer.password").write_text("wrong")
    assert "refuses 'viewer': name or password do not fit" in said("view", "ping", "-p", "chapel", *right)
    nobody = said("view", "ping", "-p", "chapel", "--user", "viewer", "--broker-port", port)
    assert nobody == f"nobody listens at 127.0.0.1:{port}: {NOBODY}"


def test_a_rig_of_a_misspelt_project_is_told_so(site: Mosquitto) -> None:
    Image.new("RGB", (64, 48)).save("a.jpg")
    misspelt = ["--project", "chapell", *account(site, "rig-north")]
    words = "the account 'rig-north' may not write to project 'chapell': is the project's name right"
    assert words in said("edge", "status", *misspelt)
    assert words in said("edge", "upload", "a.jpg", *misspelt)
    doctor = said("edge", "doctor", *misspelt, "--camera", "folder", "--photos", ".")
    assert f"BAD  project      {words}" in doctor


def test_a_rig_whose_photographs_wait_for_a_reconstructor_is_told_so(site: Mosquitto, folder: Path) -> None:
    with Spool(folder / "rig", AgentId("rig-north")) as spool:
        spool.add(Photograph(content=b"x", content_type="image/jpeg"))
    shown = said("edge", "status", "--data", "rig", "--project", "chapel", *account(site, "rig-north"))
    assert "no reconstructor has served this project yet" in shown
    assert "1 photograph waits until it is ready" in shown


def test_a_file_is_looked_for_before_a_project() -> None:
    assert said("edge", "upload", "nofile.jpg").startswith("cannot read nofile.jpg: there is no such file")
    assert "--project" in said("edge", "status")


def test_a_port_out_of_range_is_bad_usage() -> None:
    assert "Invalid value for '--port'" in said("broker", "start", "--port", "80000")


def test_a_project_that_is_not_there_is_told_with_those_that_are_and_without_the_engine(folder: Path) -> None:
    (folder / "barn").mkdir()
    (folder / "barn" / "store.sqlite").touch()
    probe = "import json, sys, cairn\ntry: cairn.main()\nfinally: print(json.dumps('torch' in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", probe, "export", "chapel", "out.laz", "--data", "."],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (
        done.stderr == "cairn export: 'chapel' is neither the folder of a replay nor a project in ., which has barn\n"
    )
    assert (done.returncode, json.loads(done.stdout)) == (1, False)


def test_a_reconstructor_without_a_broker_says_so_at_once(folder: Path) -> None:
    port = free_port()
    words = ["reconstructor", "run", "--project", "chapel", "--data", str(folder), "--broker-port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cairn", *words], env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=log
        )
    try:
        deadline = time.monotonic() + 30
        while "broker_away" not in (text := (folder / "log").read_text()):
            assert time.monotonic() < deadline, text
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(30)
    assert f"nobody listens at 127.0.0.1:{port}: {NOBODY}; trying again" in text
    started = next(line for line in text.splitlines() if "reconstructor_started" in line)
    assert text.splitlines().index(started) == 0
