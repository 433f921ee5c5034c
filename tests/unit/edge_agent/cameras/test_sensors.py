import math

import pytest

from edge_agent.cameras.sensors import SENSORS, find_sensor


@pytest.mark.parametrize(
    ("name", "horizontal_view_deg"), [("imx219", 62.2), ("ov5647", 53.5), ("imx708", 66.0), ("imx708_wide", 102.0)]
)
def test_the_table_agrees_with_the_published_angles_of_view(name: str, horizontal_view_deg: float) -> None:
    """The wide lens distorts: a pinhole of its focal length sees a few degrees less than published."""
    sensor = SENSORS[name]
    view_deg = 2 * math.degrees(math.atan(sensor.width_mm / 2 / sensor.focal_length_mm))
    assert view_deg == pytest.approx(horizontal_view_deg, abs=3.5)


def test_cameras_without_infra_red_filter_are_the_same_sensor() -> None:
    assert find_sensor("imx708_wide_noir") is SENSORS["imx708_wide"]
    assert find_sensor("unheard-of") is None


def test_a_lens_that_was_put_on_gives_the_focal_length() -> None:
    sensor = SENSORS["imx477"]
    assert sensor.focal_length_35mm_mm is None
    assert sensor.with_lens(6.0).focal_length_35mm_mm == pytest.approx(34.4, abs=0.1)
    assert SENSORS["imx219"].with_lens(None) is SENSORS["imx219"]
