"""Which scale is taken when several can be had, from what is stored and where the cameras stand?"""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from broker.ids import ImageId, SenderId
from broker.manifest import CameraEntry, CameraState
from broker.messages import ScaleSource
from reconstructor.black_box import Update
from reconstructor.config import Baseline
from reconstructor.metric_scale.estimate import estimate_scale
from reconstructor.storage.images import NewImage
from reconstructor.storage.store import Store

METRES_PER_UNIT = 12.0
STEP = Baseline(metres=30.0, senders=(SenderId("rig-north"),))
DEGREE_M = 111_200.0  # of latitude, near 48 degrees


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Six photographs on a zigzag northwards, 30 m apart, with their places in EXIF."""
    opened = Store(tmp_path / "chapel", refetch_every=10)
    for sequence in range(6):
        payload = located(metres_of(sequence))
        opened.add_image(new_image(payload, sequence), payload)
    yield opened
    opened.close()


def metres_of(sequence: int) -> np.ndarray:
    """Metres east and north."""
    return np.array([18.0 * (sequence % 2), 24.0 * sequence])


def located(metres: np.ndarray) -> bytes:
    exif = Image.Exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitude] = (48.0, (metres[1] / DEGREE_M) * 60, 0.0)
    gps[ExifTags.GPS.GPSLongitude] = (16.0, metres[0] / (DEGREE_M * np.cos(np.radians(48.0))) * 60, 0.0)
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), (int(metres[1]), 0, 0)).save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def new_image(payload: bytes, sequence: int) -> NewImage:
    digest = sha256(payload).hexdigest()
    image_id = ImageId.build(session="walk", sequence=sequence, sha256=digest)
    taken_at = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=5 * sequence)
    return NewImage(
        image_id=image_id,
        sender=SenderId("rig-north"),
        name=image_id,
        sha256=digest,
        suffix=".jpg",
        content_type="image/jpeg",
        width_px=64,
        height_px=48,
        received_at=taken_at,
        captured_at=taken_at,
    )


def cameras(store: Store) -> list[CameraEntry]:
    entries = []
    for image in store.images():
        pose = np.eye(4)
        pose[:2, 3] = metres_of(image.image_id.sequence) / METRES_PER_UNIT
        fields = {"image_id": image.image_id, "state": CameraState.PLACED, "world_from_camera": pose.tolist()}
        entries.append(CameraEntry.model_validate(fields))
    return entries


def test_places_in_exif_give_metres(store: Store) -> None:
    scale = estimate_scale(None, cameras(store), store.images(), store, None)
    assert scale is not None
    assert scale.source is ScaleSource.GPS
    assert scale.metres_per_unit == pytest.approx(METRES_PER_UNIT, rel=0.01)


def test_a_baseline_is_better_than_gps_and_a_black_box_that_knows_better_than_both(store: Store) -> None:
    scale = estimate_scale(None, cameras(store), store.images(), store, STEP)
    assert scale is not None
    assert scale.source is ScaleSource.BASELINE
    assert scale.metres_per_unit == pytest.approx(METRES_PER_UNIT)
    update = Update(metres_per_unit=7.0, scale_source=ScaleSource.SCALE_BAR)
    said = estimate_scale(update, cameras(store), store.images(), store, STEP)
    assert said is not None
    assert (said.metres_per_unit, said.source) == (7.0, ScaleSource.SCALE_BAR)


def test_cameras_that_wait_or_that_the_project_does_not_have_tell_nothing(store: Store) -> None:
    waiting = [each.model_copy(update={"world_from_camera": None}) for each in cameras(store)]
    strange = [each.model_copy(update={"image_id": f"other-{each.image_id[5:]}"}) for each in cameras(store)]
    assert estimate_scale(None, waiting, store.images(), store, STEP) is None
    assert estimate_scale(None, strange, store.images(), store, STEP) is None
    assert estimate_scale(None, (), store.images(), store, None) is None
