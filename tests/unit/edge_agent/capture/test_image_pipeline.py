import io
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from broker.ids import AgentId
from broker.rig_messages import AgentSettings
from edge_agent.capture.image_pipeline import ImagePipeline
from edge_agent.photograph import Photograph
from edge_agent.spool.errors import SpoolFullError
from edge_agent.spool.index import SpoolState
from edge_agent.spool.spool import Spool
from tests.unit.edge_agent.photographs import drawn, encoded

RIG = AgentId("rig-north")


def photograph(seed: int, *, has_gps: bool = False) -> Photograph:
    return Photograph(content=encoded(drawn(seed), has_gps=has_gps), content_type="image/jpeg")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", RIG)


def test_what_the_gate_turns_down_is_laid_aside_and_not_sent(spool: Spool) -> None:
    pipeline = ImagePipeline(spool, is_gated=True, settings=AgentSettings())
    kept = pipeline.keep(photograph(1))
    again = Photograph(content=encoded(drawn(1).point(lambda level: min(255, level + 8))), content_type="image/jpeg")
    aside = pipeline.keep(again)
    assert (kept.state, aside.state, aside.reason) == (SpoolState.WAITING, SpoolState.QUARANTINED, "near_duplicate")
    assert spool.waiting(9) == [kept]
    assert spool.read(aside) == again.content
    spool.close()


def test_without_a_gate_everything_is_sent(spool: Spool) -> None:
    pipeline = ImagePipeline(spool, is_gated=False, settings=AgentSettings())
    photographs = [
        Photograph(content=encoded(drawn(1).point(lambda level, n=n: min(255, level + n))), content_type="image/jpeg")
        for n in range(3)
    ]
    assert {pipeline.keep(each).state for each in photographs} == {SpoolState.WAITING}
    spool.close()


def test_ops_switch_gps_off_from_afar(spool: Spool) -> None:
    pipeline = ImagePipeline(spool, is_gated=False, settings=AgentSettings())

    def has_place(seed: int) -> bool:
        content = spool.read(pipeline.keep(photograph(seed, has_gps=True)))
        return bool(Image.open(io.BytesIO(content)).getexif().get_ifd(ExifTags.IFD.GPSInfo))

    assert has_place(1)
    pipeline.change(AgentSettings(is_gps_stripped=True))
    assert not has_place(2)
    spool.close()


def test_a_heic_whose_place_stays_in_it_is_laid_aside(spool: Spool) -> None:
    pipeline = ImagePipeline(spool, is_gated=False, settings=AgentSettings(is_gps_stripped=True))
    content = b"\0\0\0\x18ftypheic" + bytes(200)
    aside = pipeline.keep(Photograph(content=content, content_type="image/heic"))
    assert (aside.state, aside.reason) == (SpoolState.QUARANTINED, "uncleanable_exif")
    spool.close()


def test_a_photograph_that_waits_for_room_is_judged_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "full", RIG, reserve_bytes=2**62)
    pipeline = ImagePipeline(spool, is_gated=True, settings=AgentSettings())
    for _ in range(3):
        with pytest.raises(SpoolFullError):
            pipeline.keep(photograph(1))
    spool._reserve_bytes = 0
    assert pipeline.keep(photograph(1)).state is SpoolState.WAITING
    spool.close()


def test_thinning_deletes_what_nobody_waits_for_and_nothing_else(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "evict", RIG)
    kept = spool.add(photograph(1))
    aside = spool.add(photograph(2), state=SpoolState.QUARANTINED, reason="blurred")
    spool._reserve_bytes = 2**62
    assert spool.evict(1) == 1
    assert spool.evict(1) == 0
    assert [path.stem for path in (tmp_path / "evict" / "images").iterdir()] == [kept.image_id]
    assert (spool.counts().evicted_count, spool.counts().waiting_count) == (1, 1)
    assert aside.image_id != kept.image_id
    spool.close()
