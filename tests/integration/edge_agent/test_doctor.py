"""`cairn edge doctor` against a real broker."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from admin.certificates import TlsFiles
from broker.config import Connection
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from edge_agent import agent
from edge_agent.cameras.plan import NoCameraChosenError
from edge_agent.config import Settings
from edge_agent.doctor import Finding, check_camera, check_certificate, check_settings, examine
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


async def test_the_pinned_authority_and_the_brokers_certificate_are_dated(tmp_path: Path) -> None:
    files, others = TlsFiles(tmp_path / "tls"), TlsFiles(tmp_path / "others")
    for each in (files, others):
        each.ensure(frozenset({"127.0.0.1"}))
    plan = BrokerPlan(data_dir=tmp_path / "broker", port=free_port(), certificate=files.certificate, key=files.key)
    connection = Connection(port=plan.port, ca_file=files.authority)

    async def found(**changes: Any) -> Finding:
        return await check_certificate(Settings(broker=connection.model_copy(update=changes)))

    with Mosquitto(plan, []):
        good, foreign = await found(), await found(ca_file=others.authority)
        nameless = await found(host="localhost")
    unseen, lost, plain = await found(), await found(ca_file=tmp_path / "nothing.pem"), await found(ca_file=None)
    year = files.expires_at().year
    assert good.is_fine
    assert f"the broker's certificate until {year}-" in good.words
    assert not foreign.is_fine
    assert "is not from the authority in" in foreign.words
    assert not nameless.is_fine
    assert "is for another name" in nameless.words
    assert (unseen.is_fine, "could not be seen" in unseen.words) == (True, True)
    assert (lost.is_fine, "No such file" in lost.words) == (False, True)
    assert (plain.is_fine, plain.words.startswith("none is pinned")) == (True, True)


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


async def test_a_rig_without_a_camera_says_so_and_never_simulates_one() -> None:
    settings = Settings.load(project=PROJECT, agent=RIG)
    assert "camera not chosen" in (await check_settings(settings)).words
    with pytest.raises(NoCameraChosenError, match="say --camera with one of"):
        await check_camera(settings)
    with pytest.raises(NoCameraChosenError):
        await agent.run(settings, asyncio.Event())
