"""A rig takes over what the reconstructor refined for it, and for nobody else."""

import asyncio
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from broker.delivery import Delivery
from broker.ids import ImageId
from broker.manifest import CameraEntry, CameraState
from broker.mosquitto import Mosquitto
from edge_agent import calibrate
from edge_agent.capture.calibration import TooFewImagesError
from edge_agent.config import Calibration
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.spool import Spool
from tests.integration.edge_agent.receiver import PROJECT
from tests.integration.edge_agent.rig import RIG, settings_for
from tests.manifests import paged

ROOT = Path(__file__).parents[3]


def camera(session: str, number: int, fx: float = 3400.0, state: CameraState = CameraState.PLACED) -> CameraEntry:
    return CameraEntry(
        image_id=ImageId.build(session=session, sequence=number, sha256=f"{number:016x}" * 4),
        state=state,
        intrinsics=(fx, fx, 2304.0, 1296.0),
        distortion=(0.02,),
        reprojection_error_px=0.6,
        width_px=4608,
        height_px=2592,
    )


async def publish(mosquitto: Mosquitto, cameras: list[CameraEntry]) -> None:
    connection = mosquitto.connection("reconstructor")
    async with Delivery(connection, client_id="publisher", session_expiry_s=0) as delivery:
        await delivery.wait_connected(30)
        for message in paged(PROJECT, cameras=cameras, generation=0).outgoing(connection.space):
            await delivery.publish(message)


@pytest.fixture
def session(tmp_path: Path) -> str:
    with Spool(tmp_path / "spool", RIG) as spool:
        spool.remember(SpoolKey.CAMERA_MODEL, "imx708")
        return spool.session


async def test_the_refined_lens_of_this_rigs_photographs_is_taken_over(
    mosquitto: Mosquitto, tmp_path: Path, session: str
) -> None:
    ours = [camera(session, number) for number in range(1, 4)] + [camera("rig-north-upload", 9, fx=3402.0)]
    others = [camera("rig-south-123456", number, fx=900.0) for number in range(1, 9)]
    waiting = [camera(session, 20, fx=77.0, state=CameraState.WAITING)]
    await publish(mosquitto, [*others, *ours, *waiting])
    found = await calibrate.refined(settings_for(mosquitto, tmp_path), least_images=4)
    assert found.fit is not None
    assert found.fit.image_count == 4
    assert found.calibration.matrix == (3400.0, 3400.0, 2304.0, 1296.0)
    lines = "\n".join(found.lines())
    assert "4 placed, fx spreads over 0.06 %" in lines
    assert "0.60 px RMS" in lines
    assert "+0.4 % from imx708 in the sensor table" in lines
    with pytest.raises(TooFewImagesError):
        await calibrate.refined(settings_for(mosquitto, tmp_path), least_images=5)


async def test_a_given_lens_is_compared_with_the_refined_one(
    mosquitto: Mosquitto, tmp_path: Path, session: str
) -> None:
    await publish(mosquitto, [camera(session, 1)])
    given = Calibration(size_px=(2304, 1296), matrix=(1717.0, 1717.0, 1152.0, 648.0))
    found = await calibrate.given(settings_for(mosquitto, tmp_path), given)
    assert found.calibration == given
    assert "fx +1.00 % from what the reconstructor refined" in "\n".join(found.lines())


async def test_the_command_writes_what_it_found_and_refuses_in_one_line(
    mosquitto: Mosquitto, tmp_path: Path, session: str
) -> None:
    connection = mosquitto.connection(RIG)
    path = tmp_path / "cairn.toml"
    path.write_text(f"""[edge]
project = "{PROJECT}"
spool_dir = "{tmp_path / "spool"}"
[edge.broker]
port = {connection.port}
username = "{RIG}"
""")

    async def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "CAIRN_SETTINGS": str(path),
            "CAIRN_EDGE_BROKER__PASSWORD": connection.secret() or "",
            "PATH": "",
        }
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "cairn.py", "edge", "calibrate", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    await publish(mosquitto, [camera(session, number) for number in range(1, 4)])
    refused = await run()
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "12 of one size are needed: take more photographs, or lower --least" in refused.stderr
    done = await run("--least", "3")
    assert done.returncode == 0, done.stderr
    assert "3 placed" in done.stdout
    assert tomllib.loads(path.read_text())["edge"]["calibration"]["matrix"] == [3400.0, 3400.0, 2304.0, 1296.0]
