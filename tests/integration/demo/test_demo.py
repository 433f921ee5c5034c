"""The main job by its one command: photographs in, a report out, whatever is killed on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from broker.mosquitto import free_port
from tests.photographs import photograph

ROOT = Path(__file__).parents[3]
COUNT = 12
TIMEOUT_S = 150.0


def photographs(folder: Path, count: int = COUNT) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"door-{number:02d}.jpg").write_bytes(photograph(number))
    return folder


def start(folder: Path, data: Path, black_box: str) -> subprocess.Popen[bytes]:
    words: list[str | Path] = [
        "--photos",
        folder,
        "--data",
        data,
        "--report",
        data.parent / "report.json",
        "--interval",
        "0.2",
        "--port",
        str(free_port()),  # the usual one may be another test's
    ]
    words += ["--black-box", black_box]
    return subprocess.Popen(
        [sys.executable, "-m", "cairn", "demo", "--no-browser", "--exit-when-done", *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )


def child(demo: subprocess.Popen[bytes], *words: str) -> psutil.Process | None:
    """The demo's own process whose command line has these words."""
    for process in psutil.Process(demo.pid).children():
        line = process.cmdline()
        if all(any(word in part for part in line) for word in words):
            return process
    return None


def wait_for_stored(data: Path, count: int, *, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if len(list(data.rglob("images/*.jpg"))) >= count:
            return
        time.sleep(0.05)
    raise TimeoutError(f"{count} images were not stored in {timeout_s:.0f} s")


def report_of(demo: subprocess.Popen[bytes], folder: Path) -> dict[str, object]:
    _, said = demo.communicate(timeout=TIMEOUT_S)
    assert demo.returncode == 0, said.decode()
    report: dict[str, object] = json.loads((folder / "report.json").read_text())
    return report


def test_demo_ends_with_every_photograph_through_and_says_where_to_look(tmp_path: Path) -> None:
    demo = start(photographs(tmp_path / "photos"), tmp_path / "data", "tests.black_boxes:instant")
    _, said = demo.communicate(timeout=TIMEOUT_S)
    assert demo.returncode == 0, said.decode()
    report = json.loads((tmp_path / "report.json").read_text())
    assert [report[each] for each in ("captured", "stored", "placed", "rejected", "refetches")] == [12, 12, 12, 0, 1]
    assert report["points"] == 12 * 500
    assert report["errors"] == []
    assert report["seconds_capture_to_shard"]["p95"] > 0
    assert 0 < report["seconds_receipt_to_first_dense"]["p50"] <= report["seconds_receipt_to_fine"]["p95"]
    assert f"all {COUNT} are through" in said.decode()
    assert str(tmp_path / "data") in said.decode()


@pytest.mark.parametrize("victim", [("reconstructor", "run"), ("mosquitto.conf",), ("edge", "run")])
def test_nothing_is_lost_or_numbered_twice_when_a_program_is_killed(tmp_path: Path, victim: tuple[str, ...]) -> None:
    data = tmp_path / "data"
    demo = start(photographs(tmp_path / "photos"), data, "tests.black_boxes:slow")
    wait_for_stored(data, 4)
    process = child(demo, *victim)
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    report = report_of(demo, tmp_path)
    assert (report["stored"], report["placed"], report["points"]) == (12, 12, 12 * 500)


def test_interrupted_demo_stops_every_program(tmp_path: Path) -> None:
    data = tmp_path / "data"
    demo = start(photographs(tmp_path / "photos"), data, "tests.black_boxes:slow")
    wait_for_stored(data, 2)
    children = psutil.Process(demo.pid).children(recursive=True)
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    assert len(children) >= 4
    assert not psutil.wait_procs(children, timeout=30)[1]


@pytest.mark.parametrize(("name", "reason"), [("nothing", "is not a folder"), ("empty", "holds no photograph")])
def test_a_folder_without_photographs_is_one_line(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "empty" / "of-folders").mkdir(parents=True)
    result = subprocess.run(
        [sys.executable, "-m", "cairn", "demo", "--photos", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert reason in result.stderr


def test_a_black_box_that_cannot_be_loaded_is_one_line_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "colleague.py").write_text("raise RuntimeError('no CUDA')\n")
    words = ["demo", "--photos", photographs(tmp_path / "photos", 1), "--data", tmp_path / "data", "--no-browser"]
    result = subprocess.run(
        [sys.executable, "-m", "cairn", *map(str, words), "--black-box", "colleague:black_box"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 1
    assert result.stderr == "cairn demo: the black box cannot be loaded: RuntimeError: no CUDA (colleague.py, line 1)\n"
    assert not (tmp_path / "data").exists()
