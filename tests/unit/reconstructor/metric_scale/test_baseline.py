"""Do photographs a known distance apart give metres, and only when they were?"""

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest

from broker.ids import ImageId, SenderId
from broker.messages import ScaleSource
from reconstructor.config import Baseline
from reconstructor.metric_scale.baseline import PlacedImage, scale_of_baseline, simultaneous
from reconstructor.storage.images import ImageState, StoredImage

LEFT, RIGHT = SenderId("rig-left"), SenderId("rig-right")
PAIR = Baseline(metres=0.5, senders=(LEFT, RIGHT))
STEP = Baseline(metres=0.5, senders=(LEFT,))


def placed_image(sender: SenderId, sequence: int, centre: Sequence[float], captured_at: float | None) -> PlacedImage:
    digest = f"{sequence:08d}{abs(hash(sender)) % 10**8:08d}" + "0" * 48
    image = StoredImage(
        number=sequence + 1,
        image_id=ImageId.build(session=sender, sequence=sequence, sha256=digest),
        sender=sender,
        sha256=digest,
        file_name="x.jpg",
        stored_at=0.0,
        captured_at=captured_at,
        state=ImageState.PLACED,
    )
    return PlacedImage(image=image, centre_in_world=np.array(centre, np.float64))


def walk(count: int, *, late_s: float = 0.3, apart: float = 2.0) -> list[PlacedImage]:
    """Two cameras side by side that go along x in steps of 3, photographing every 5 seconds."""
    lefts = [placed_image(LEFT, n, (3.0 * n, 0.0, 0.0), 5.0 * n) for n in range(count)]
    rights = [placed_image(RIGHT, n, (3.0 * n, apart, 0.0), 5.0 * n + late_s) for n in range(count)]
    return lefts + rights


def test_two_cameras_half_a_metre_apart_give_metres() -> None:
    scale = scale_of_baseline(PAIR, walk(4))
    assert scale is not None
    assert scale.metres_per_unit == pytest.approx(0.25)
    assert scale.source is ScaleSource.BASELINE


def test_a_step_of_half_a_metre_gives_metres_and_a_gap_is_no_step() -> None:
    placed = walk(6)
    del placed[2]
    scale = scale_of_baseline(STEP, placed)
    assert scale is not None
    assert scale.metres_per_unit == pytest.approx(0.5 / 3.0)


def test_one_misplaced_camera_does_not_change_the_scale() -> None:
    placed = walk(5)
    placed[0] = placed_image(LEFT, 0, (40.0, 0.0, 0.0), 0.0)
    scale = scale_of_baseline(PAIR, placed)
    assert scale is not None
    assert scale.metres_per_unit == pytest.approx(0.25)


@pytest.mark.parametrize(
    "placed",
    [
        [],
        walk(1),
        walk(4, late_s=1.5),
        walk(4, apart=0.0),
        [
            placed_image(each.image.sender, each.image.image_id.sequence, each.centre_in_world.tolist(), None)
            for each in walk(4)
        ],
    ],
    ids=["none", "one pair", "not at once", "no distance", "no clock"],
)
def test_without_enough_pairs_there_is_no_scale(placed: list[PlacedImage]) -> None:
    assert scale_of_baseline(PAIR, placed) is None


def test_cameras_that_are_not_mounted_together_give_no_scale() -> None:
    lefts = walk(6)[:6]
    rights = [placed_image(RIGHT, n, (3.0 * n, 1.0 + n, 0.0), 5.0 * n) for n in range(6)]
    assert scale_of_baseline(PAIR, lefts + rights) is None


def test_an_image_is_paired_once_with_the_one_closest_in_time() -> None:
    placed = [
        placed_image(LEFT, 0, (0.0, 0.0, 0.0), 0.0),
        placed_image(LEFT, 1, (9.0, 0.0, 0.0), 0.9),
        placed_image(RIGHT, 0, (0.0, 2.0, 0.0), 0.1),
        placed_image(RIGHT, 1, (9.0, 2.0, 0.0), 1.0),
    ]
    scale = scale_of_baseline(PAIR, placed)
    assert scale is not None
    assert scale.metres_per_unit == pytest.approx(0.25)


def test_thousands_of_photographs_take_neither_gigabytes_nor_minutes() -> None:
    placed = walk(1500)
    tracemalloc.start()
    try:
        scale = scale_of_baseline(PAIR, placed)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert scale is not None
    assert scale.metres_per_unit == pytest.approx(0.25)
    assert most_bytes < 10_000_000


def test_bursts_are_paired_as_by_comparing_all_with_all() -> None:
    random = np.random.default_rng(3)
    times = {sender: random.uniform(0.0, 20.0, 30).round(1) for sender in (LEFT, RIGHT)}
    ones, others = (
        [placed_image(sender, n, (float(n), apart, 0.0), float(at)) for n, at in enumerate(times[sender])]
        for sender, apart in ((LEFT, 0.0), (RIGHT, 2.0))
    )
    gaps = sorted(
        (abs(float(one) - float(other)), first, second)
        for first, one in enumerate(times[LEFT])
        for second, other in enumerate(times[RIGHT])
    )
    expected: dict[int, int] = {}
    for gap_s, first, second in gaps:
        if gap_s <= 1.0 and first not in expected and second not in expected.values():
            expected[first] = second
    found = [(one.image.number - 1, other.image.number - 1) for one, other in simultaneous(ones, others)]
    assert found == list(expected.items())
