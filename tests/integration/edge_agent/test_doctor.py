"""`cairn edge doctor` against a real broker."""

from pathlib import Path
from typing import Any

from PIL import Image

from broker.mosquitto import Mosquitto
from edge_agent.config import Settings
from edge_agent.doctor import Finding, examine
from tests.integration.edge_agent.receiver import PROJECT
from tests.integration.edge_agent.rig import RIG


async def findings(mosquitto: Mosquitto, tmp_path: Path, **changes: Any) -> dict[str, Finding]:
    values = {
        "broker": mosquitto.connection(RIG),
        "project": PROJECT,
        "spool_dir": tmp_path / "spool",
        "camera": "folder",
        "folder": tmp_path,
        "reserve_bytes": 0,
        **changes,
    }
    return {each.subject: each async for each in examine(Settings.load(**values))}


async def test_a_rig_without_reconstructor_is_told_so_and_the_rest_is_fine(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.jpg")
    found = await findings(mosquitto, tmp_path)
    assert found["settings"].is_fine
    assert found["camera"].is_fine
    assert found["broker"].is_fine
    assert "messages up to 32 MiB" in found["broker"].words
    assert not found["project"].is_fine
    assert "is the reconstructor of 'chapel' running?" in found["project"].words


async def test_every_fault_is_found_in_one_go(mosquitto: Mosquitto, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    stranger = mosquitto.connection(RIG).model_copy(update={"password": None})
    found = await findings(
        mosquitto, tmp_path, broker=stranger, spool_dir=blocked / "spool", folder=tmp_path / "nowhere"
    )
    assert "cannot write to" in found["disk"].words
    assert "is not a folder" in found["camera"].words
    assert "name or password do not fit" in found["broker"].words
    assert not any(found[subject].is_fine for subject in ("disk", "camera", "broker", "project"))
