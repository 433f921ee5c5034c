import io

import pytest
from PIL import Image

from edge_agent.capture.gate import LEAST_MEMORY, Gate, PhotographVerdict, Thresholds, measure_photograph
from tests.unit.edge_agent.photographs import drawn, encoded


@pytest.fixture
def gate() -> Gate:
    made = Gate(Thresholds())
    for seed in range(LEAST_MEMORY):
        assert made.judge(encoded(drawn(seed))) is PhotographVerdict.KEPT
    return made


def test_a_blurred_photograph_is_told_from_sharp_ones(gate: Gate) -> None:
    assert gate.judge(encoded(drawn(20, blur_px=6))) is PhotographVerdict.BLURRED
    assert gate.judge(encoded(drawn(21))) is PhotographVerdict.KEPT


def test_nothing_is_called_blurred_before_the_session_has_a_measure() -> None:
    assert Gate(Thresholds()).judge(encoded(drawn(1, blur_px=6))) is PhotographVerdict.KEPT


def test_the_same_view_again_is_a_near_duplicate_also_when_lighter_and_compressed_anew(gate: Gate) -> None:
    lighter = drawn(3).point(lambda level: min(255, level + 9))
    assert gate.judge(encoded(lighter)) is PhotographVerdict.NEAR_DUPLICATE
    assert gate.judge(encoded(drawn(30))) is PhotographVerdict.KEPT


def test_a_white_or_black_photograph_is_clipped(gate: Gate) -> None:
    for level in (0, 255):
        assert gate.judge(encoded(Image.new("RGB", (200, 200), (level,) * 3))) is PhotographVerdict.CLIPPED


@pytest.mark.parametrize("mode", ["I;16", "F", "LA", "P"])
def test_a_picture_of_another_mode_is_judged_as_it_looks(mode: str) -> None:
    grey = drawn(1).convert("L")
    deep = grey.convert("I").point(lambda level: level * 257) if mode in {"I;16", "F"} else grey
    out = io.BytesIO()
    deep.convert(mode).save(out, "TIFF")
    assert Gate(Thresholds()).judge(out.getvalue()) is PhotographVerdict.KEPT
    found, usual = measure_photograph(out.getvalue()), measure_photograph(encoded(grey))
    assert found is not None
    assert usual is not None
    assert (found.fingerprint ^ usual.fingerprint).bit_count() <= 2


def test_what_is_no_image_is_left_to_the_reconstructor(gate: Gate) -> None:
    assert gate.judge(b"not an image") is PhotographVerdict.UNREADABLE
    assert gate.judge(encoded(drawn(1))[:200]) is PhotographVerdict.UNREADABLE


def test_every_check_can_be_switched_off() -> None:
    gate = Gate(Thresholds(blur_ratio=0, duplicate_bits=0, clipped_ratio=0))
    contents = [encoded(drawn(1))] * 7 + [encoded(drawn(1, blur_px=9)), encoded(Image.new("RGB", (99, 99)))]
    assert {gate.judge(content) for content in contents} == {PhotographVerdict.KEPT}


def test_blur_is_judged_alike_at_every_resolution() -> None:
    small, large = (
        measure_photograph(encoded(drawn(1, side_px=512))),
        measure_photograph(encoded(drawn(1, side_px=512).resize((2048, 2048)))),
    )
    assert small is not None
    assert large is not None
    assert 0.5 < small.sharpness / large.sharpness < 2
    assert (small.fingerprint ^ large.fingerprint).bit_count() <= 2
