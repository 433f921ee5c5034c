import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.capture.exif import EXIF_MARK, JPEG_START, edited
from edge_agent.capture.gps import without_gps
from tests.unit.edge_agent.photographs import drawn, encoded

# What decoders pass over before a marker: fill bytes, bytes of no segment, a marker without a length.
BETWEEN = (b"\xff", b"\xff\xff\xff", b"\0\0", b"\xff\0", b"\xff\x01")


@pytest.mark.parametrize("between", BETWEEN)
def test_no_bytes_before_a_marker_hide_exif(between: bytes) -> None:
    content = encoded(drawn(1), has_gps=True)
    at = content.index(EXIF_MARK) - 4
    cleaned = without_gps(content)
    assert cleaned != content
    assert without_gps(content[:at] + between + content[at:]) == cleaned[:at] + between + cleaned[at:]


@given(st.binary(max_size=40))
def test_a_jpeg_with_any_bytes_comes_back_whole_when_nothing_is_edited(rest: bytes) -> None:
    assert edited(JPEG_START + rest, lambda body: body) == JPEG_START + rest
