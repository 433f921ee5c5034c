"""What did earlier projects find out about a camera? Its refined intrinsics, in one file of the data folder.

The file is shared by the engines of all projects: it is changed under a lock, replaced as a whole, and checked when it is
read. A damaged file counts as empty. Only a camera with a serial number, at one focal length, is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from broker.files import locked, write_durably
from reconstructor.engine.features.image_files import ImageFacts

MOST_CAMERAS: Final = 500
_MOST_BYTES: Final = 1 << 20
_SQUARE: Final = 1e-3  # of the focal lengths across and down, which reductions by whole pixels make unequal
_LEAST_PART: Final = 0.5  # of the photographs that an entry rests on: a later project with fewer does not replace it

Side = Annotated[int, Field(ge=1, le=1_000_000)]
Focal = Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)]
Centre = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Coefficient = Annotated[float, Field(ge=-5, le=5, allow_inf_nan=False)]


class LearnedCamera(BaseModel):
    """The intrinsics of one camera at one focal length and picture size."""

    model_config = ConfigDict(frozen=True)

    sensor: Annotated[str, Field(min_length=1, max_length=1024)]
    width_px: Side
    height_px: Side
    intrinsics: tuple[Focal, Focal, Centre, Centre]  # fx, fy, cx, cy in pixels of the upright photograph
    distortion: Annotated[tuple[Coefficient, ...], Field(max_length=4)] = ()  # OpenCV's k1, k2, p1, p2
    image_count: Annotated[int, Field(ge=1)]
    learned_at: AwareDatetime

    @property
    def key(self) -> tuple[str, int, int]:
        """What tells cameras apart."""
        return self.sensor, self.width_px, self.height_px


class _File(BaseModel):
    cameras: Annotated[tuple[LearnedCamera, ...], Field(max_length=MOST_CAMERAS)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedCameras:
    """The file; without a path nothing is found and nothing is kept."""

    path: Path | None

    def applied(self, facts: ImageFacts, earlier: Iterable[ImageFacts]) -> ImageFacts:
        """A new image's facts, with the intrinsics of its camera if an earlier project learned them.

        Args:
            facts: of the new image.
            earlier: of the project's images; all images of a camera have learned intrinsics, or none.
        """
        if facts.intrinsics is not None or not facts.is_certain_sensor:
            return facts
        key = (facts.sensor_name, facts.width_px, facts.height_px)
        alike = next((each for each in earlier if (each.sensor_name, each.width_px, each.height_px) == key), None)
        if alike is not None:
            is_same_size = alike.reduction == facts.reduction
            return (
                facts.with_learned(alike.intrinsics, alike.distortion) if alike.is_learned and is_same_size else facts
            )
        found = next((camera for camera in self.read() if camera.key == key), None)
        if found is None:
            return facts
        fx, fy, cx, cy = found.intrinsics
        across, down = facts.reduction
        fx, fy = fx * across, fy * down
        if abs(fx / fy - 1) < _SQUARE:
            fx = fy = (fx + fy) / 2
        return facts.with_learned((fx, fy, cx * across, cy * down), found.distortion)

    def read(self) -> tuple[LearnedCamera, ...]:
        """All cameras; none if the file is missing or damaged."""
        if self.path is None:
            return ()
        try:
            if self.path.stat().st_size > _MOST_BYTES:
                return ()
            return _File.model_validate_json(self.path.read_bytes()).cameras
        except (OSError, ValidationError):
            return ()

    def learn(self, cameras: Iterable[LearnedCamera]) -> None:
        """Replace what is known of these cameras; the oldest entries are dropped when there are too many.

        Raises:
            OSError: the file cannot be written.
        """
        newer = {camera.key: camera for camera in cameras}
        if self.path is None or not newer:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path.with_name(self.path.name + ".lock")):
            known = {camera.key: camera for camera in self.read()}
            for key, camera in newer.items():
                if key not in known or camera.image_count >= _LEAST_PART * known[key].image_count:
                    known[key] = camera
            latest = sorted(known.values(), key=lambda camera: camera.learned_at)[-MOST_CAMERAS:]
            content = _File(cameras=tuple(latest)).model_dump_json(indent=1).encode()
            write_durably(self.path.parent, {self.path.name: content}, mode=0o600)


def now() -> datetime:
    """The present instant, for `learned_at`."""
    return datetime.now(UTC)
