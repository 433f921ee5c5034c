"""Do Mosquitto's own clients log in by their option files, with no password in `ps` and no JPEG on the terminal?"""

import os
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from broker.accounts.mosquitto_clients import write_client_options
from broker.contract import AGENT_THUMBNAIL, DESIRED_SETTINGS
from broker.mosquitto import Mosquitto

TIMED_OUT = 27  # as mosquitto_sub ends after -W
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"


def options_of(mosquitto: Mosquitto, name: str, folder: Path) -> Mapping[str, str]:
    """The environment in which both programs are this account."""
    write_client_options(folder / name, mosquitto.connection(name))
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder / name).iterdir()} == {0o600}
    return os.environ | {"XDG_CONFIG_HOME": str(folder / name)}


def publish(environment: Mapping[str, str], topic: str, *body: str) -> str:
    """Publish a retained message; what the program says."""
    command = ["mosquitto_pub", "-q", "1", "-r", "-t", topic, *body]
    return subprocess.run(command, env=environment, check=True, timeout=10, capture_output=True, text=True).stderr


def test_ops_sees_json_alone_and_no_password_stands_in_ps(mosquitto: Mosquitto, tmp_path: Path) -> None:
    ops, space = options_of(mosquitto, "ops", tmp_path), mosquitto.plan.space
    (tmp_path / "small.jpg").write_bytes(JPEG)
    thumbnail = space.topic("chapel", AGENT_THUMBNAIL.template, agent="rig-north")
    assert publish(options_of(mosquitto, "rig-north", tmp_path), thumbnail, "-f", str(tmp_path / "small.jpg")) == ""
    assert "Not authorized" in publish(ops, thumbnail, "-m", "not mine to say")
    desired = space.topic("chapel", DESIRED_SETTINGS.template, agent="rig-north")
    assert publish(ops, desired, "-m", '{"version":1}') == ""
    watching = subprocess.Popen(
        ["mosquitto_sub", "-v", "-t", f"{space.root}/chapel/#", "-W", "1"], env=ops, stdout=subprocess.PIPE
    )
    line = " ".join(psutil.Process(watching.pid).cmdline())
    shown, _ = watching.communicate(timeout=60)
    assert str(mosquitto.connection("ops").secret()) not in line
    assert watching.returncode == TIMED_OUT
    assert shown.decode() == f'{desired} {{"version":1}}\n'
