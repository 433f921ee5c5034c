"""A whole card, as cameras fill them, by each way in: what is good arrives in order, what is not is named once."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from broker.images.opening import can_read_heic
from broker.messages import ReconstructorPresence
from broker.mosquitto import Mosquitto
from tests.cards import Card, check_named, write_card
from tests.integration.edge_agent.receiver import PROJECT, receiving
from tests.integration.edge_agent.rig import RIG
from tests.photographs import photograph

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Card:
    return write_card(tmp_path_factory.mktemp("card"))


@pytest.fixture
def good_card(tmp_path: Path) -> Path:
    """Two photographs with equal names."""
    for number, name in enumerate(("100CANON", "101CANON")):
        (tmp_path / "good" / name).mkdir(parents=True)
        (tmp_path / "good" / name / "IMG_8.JPG").write_bytes(photograph(200 + number))
    return tmp_path / "good"


async def cairn(mosquitto: Mosquitto, tmp_path: Path, *words: str) -> tuple[int, str, str]:
    """Run the real command; exit code, stdout, stderr."""
    connection = mosquitto.connection(RIG)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "cairn.py", *words),
        cwd=ROOT,
        env={
            **os.environ,
            "CAIRN_EDGE_BROKER__PORT": str(connection.port),
            "CAIRN_EDGE_BROKER__USERNAME": RIG,
            "CAIRN_EDGE_BROKER__PASSWORD": connection.secret() or "",
            "CAIRN_EDGE_PROJECT": PROJECT,
            "CAIRN_EDGE_SPOOL_DIR": str(tmp_path / "spool"),
            "CAIRN_EDGE_RESERVE_BYTES": "0",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode or 0, out.decode(), err.decode()


def test_a_card_holds_38_readable_jpegs_and_5_heic(card: Card) -> None:
    assert sum(name.endswith(".JPG") for name, _ in card.taken) == 38
    assert len(card.taken) == 38 + 5 * can_read_heic()
    assert sum(path.is_file() for path in card.folder.rglob("*")) == 40 + 5 + 3


@pytest.mark.parametrize("words", [("run", "--camera", "folder", "--interval", "0", "--photos"), ("upload",)])
async def test_a_rig_sends_a_card_in_order_and_names_what_it_leaves_out(
    mosquitto: Mosquitto, tmp_path: Path, card: Card, good_card: Path, words: tuple[str, ...]
) -> None:
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        code, _, err = await cairn(mosquitto, tmp_path, "edge", *words, str(card.folder))
        assert code == 1, err
        arrived = [receiver.content_by_id[name] for name in sorted(receiver.content_by_id)]
        assert arrived == [content for _, content in card.taken]
        check_named(card, err)
        receiver.content_by_id.clear()
        code, _, err = await cairn(mosquitto, tmp_path, "edge", *words, str(good_card))
        assert code == 0, err
        assert len(receiver.content_by_id) == 2
        assert "left out" not in err
