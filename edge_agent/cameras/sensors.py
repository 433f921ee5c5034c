"""What is the focal length of a bare sensor? A table of sensor widths and lenses of cameras that write no EXIF."""

from dataclasses import dataclass

FULL_FRAME_WIDTH_MM = 36.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """Width of the active area and focal length of the lens it is sold with; 0: the lens is chosen by the user."""

    name: str
    width_mm: float
    focal_length_mm: float

    def with_lens(self, focal_length_mm: float | None) -> "Sensor":
        """The sensor behind another lens."""
        if not focal_length_mm:
            return self
        return Sensor(name=self.name, width_mm=self.width_mm, focal_length_mm=focal_length_mm)

    @property
    def focal_length_35mm_mm(self) -> float | None:
        """The focal length that gives the same horizontal view on a 36 mm wide frame."""
        if not self.focal_length_mm:
            return None
        return self.focal_length_mm * FULL_FRAME_WIDTH_MM / self.width_mm


# Raspberry Pi's camera documentation, table "Hardware specification", read 2026-11.
SENSORS = {
    sensor.name: sensor
    for sensor in (
        Sensor(name="ov5647", width_mm=3.76, focal_length_mm=3.60),  # Camera Module 1
        Sensor(name="imx219", width_mm=3.68, focal_length_mm=3.04),  # Camera Module 2
        Sensor(name="imx708", width_mm=6.45, focal_length_mm=4.74),  # Camera Module 3
        Sensor(name="imx708_wide", width_mm=6.45, focal_length_mm=2.75),  # Camera Module 3 Wide
        Sensor(name="imx477", width_mm=6.287, focal_length_mm=0.0),  # HQ Camera, C/CS or M12 mount
        Sensor(name="imx296", width_mm=5.02, focal_length_mm=0.0),  # Global Shutter Camera
        Sensor(name="imx500", width_mm=6.287, focal_length_mm=4.74),  # AI Camera
    )
}


def find_sensor(model: str) -> Sensor | None:
    """Find the sensor that a driver names; also `imx708_wide_noir`: an infra-red filter does not change the view."""
    name = model.lower().removesuffix("_noir")
    return SENSORS.get(name)
