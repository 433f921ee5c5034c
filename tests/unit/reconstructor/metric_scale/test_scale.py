"""What a scale bar is worth, and what becomes of a scale when something new is known."""

import pytest

from broker.ids import Generation, ProjectId, SenderId
from broker.manifest import Manifest
from broker.messages import Bounds, ScaleBar, ScaleSource, Similarity, WorldFrame
from reconstructor.metric_scale.scale import (
    NOTHING_KNOWN,
    BadScaleBarError,
    Scale,
    Scaling,
    next_scale,
    scale_of_bar,
    scaled,
)
from tests.manifests import paged

PROJECT = ProjectId("chapel")
GPS = Scale(metres_per_unit=3.0, source=ScaleSource.GPS)
BETTER_GPS = Scale(metres_per_unit=3.1, source=ScaleSource.GPS)
RIG = Scale(metres_per_unit=2.9, source=ScaleSource.BASELINE)
BAR = Scale(metres_per_unit=3.05, source=ScaleSource.SCALE_BAR)


def frame(scale: Scale | None = None) -> WorldFrame:
    return scaled(WorldFrame(), scale)


def manifest(**changes: object) -> Manifest:
    """A cloud 4 wide whose shards lie about an offset of (100, 0, 0)."""
    whole = paged(
        PROJECT,
        generation=3,
        revision=2,
        previous_generation=Generation(2),
        frame=WorldFrame(offset=(100.0, 0.0, 0.0), world_from_previous=Similarity(scale=2.0)),
        bounds=Bounds(minimum=(-2.0, -1.0, -1.0), maximum=(2.0, 1.0, 1.0)),
    )
    return whole.manifest.model_copy(update=changes)


def bar(**changes: object) -> ScaleBar:
    laid = {
        "project": PROJECT,
        "generation": 3,
        "begin": (99.0, 0.0, 0.0),
        "end": (101.0, 0.0, 0.0),
        "distance_m": 5.0,
        "user": SenderId("anna"),
    }
    return ScaleBar.model_validate(laid | changes)


def test_gps_follows_each_photograph_until_it_is_sure() -> None:
    unsure = Scale(metres_per_unit=3.0, source=ScaleSource.GPS, deviation_ratio=0.05)
    sure = Scale(metres_per_unit=3.1, source=ScaleSource.GPS, deviation_ratio=0.008)
    later = Scale(metres_per_unit=3.11, source=ScaleSource.GPS, deviation_ratio=0.007)
    following = next_scale(frame(unsure), Scaling(measured=sure), growth=1.0, is_complete=False)
    assert following == sure
    assert next_scale(frame(sure), Scaling(measured=later), growth=1.0, is_complete=False) == sure
    assert next_scale(frame(sure), Scaling(measured=later), growth=1.0, is_complete=True) == later
    assert next_scale(frame(unsure), Scaling(measured=sure, is_fixed=True), growth=1.0, is_complete=False) == unsure


def test_a_bar_of_two_units_and_five_metres_makes_units_of_two_and_a_half() -> None:
    assert scale_of_bar(bar(), manifest()) == Scale(metres_per_unit=2.5, source=ScaleSource.SCALE_BAR)


def test_a_bar_that_crossed_with_a_new_generation_is_brought_into_its_world() -> None:
    assert scale_of_bar(bar(generation=2), manifest()).metres_per_unit == 5.0 / (2 * 2.0)


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"generation": 1}, "set the scale bar again"),
        ({"generation": 4}, "set the scale bar again"),
        ({"end": (99.0, 0.0, 0.001)}, "take a longer distance"),
        ({"end": (99.0, 0.0, 0.0)}, "take a longer distance"),
        ({"end": (0.0, 0.0, 0.0)}, "pick them on its points"),
        ({"distance_m": 1e-7}, "check distance_m"),
        ({"begin": (100.0, 0.0, 0.0), "end": (100.0, 0.0, 0.01), "distance_m": 1e5}, "check distance_m"),
        ({"project": ProjectId("barn")}, "nothing to measure"),
    ],
)
def test_a_bar_that_says_nothing_of_the_object_is_refused(changes: dict[str, object], advice: str) -> None:
    with pytest.raises(BadScaleBarError, match=advice):
        scale_of_bar(bar(**changes), manifest())


def test_before_any_points_there_is_nothing_to_measure() -> None:
    with pytest.raises(BadScaleBarError, match="nothing to measure"):
        scale_of_bar(bar(), None)


@pytest.mark.parametrize(
    ("old", "measured", "is_fixed", "is_complete", "wanted"),
    [
        (None, None, False, False, None),
        (None, GPS, False, False, GPS),
        (GPS, None, False, True, GPS),
        (GPS, BETTER_GPS, False, False, GPS),  # lengths do not flicker
        (GPS, BETTER_GPS, False, True, BETTER_GPS),
        (GPS, RIG, False, False, RIG),
        (RIG, GPS, False, False, RIG),
        (BAR, RIG, True, True, BAR),  # somebody laid it
        (BAR, RIG, False, True, RIG),  # it came from a black box
    ],
)
def test_a_scale_gives_way_to_a_better_one(
    old: Scale | None, measured: Scale | None, *, is_fixed: bool, is_complete: bool, wanted: Scale | None
) -> None:
    scaling = Scaling(measured=measured, is_fixed=is_fixed)
    assert next_scale(frame(old), scaling, growth=1.0, is_complete=is_complete) == wanted


def test_a_scale_follows_the_world() -> None:
    followed = next_scale(frame(BAR), NOTHING_KNOWN, growth=2.0, is_complete=True)
    assert followed == Scale(metres_per_unit=BAR.metres_per_unit / 2.0, source=ScaleSource.SCALE_BAR)


def test_a_frame_without_scale_names_no_source() -> None:
    assert scaled(frame(BAR), None) == WorldFrame()
