"""A generation that another one replaced can be seen again, as long as it is kept."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from broker.envelope import decode
from broker.ids import Encoding, ProjectId
from broker.manifest import CameraEntry, CameraState, camera_pages
from broker.shards import MAX_POINTS, PointCloud, decode_packed, sha256
from broker.wire import history
from broker.wire.history import GenerationHistory, GenerationRow
from broker.wire.history_channels import MAX_HISTORY_BYTES
from reconstructor.clouds.ply import WideCloud
from reconstructor.publishing.manifests import begin
from reconstructor.storage.past.generations import MOST_POINTS, EarlierGenerations, GenerationNotKeptError
from reconstructor.storage.read_only import ReadOnlyStore
from reconstructor.storage.reference_set import ReferenceSet
from reconstructor.storage.store import Store, StoreLimits

CHAPEL = ProjectId("chapel")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=10, limits=StoreLimits(earlier_generations=2))
    yield opened
    opened.close()


def cloud(count: int, seed: int = 1) -> WideCloud:
    random = np.random.default_rng(seed)
    colors = random.integers(0, 256, (count, 3), dtype=np.uint8)
    return WideCloud(points_in_world=random.uniform(0, 10, (count, 3)), colors_rgb=colors)


def publish(store: Store, generation: int, count: int = 500) -> ReferenceSet:
    """Make a generation the present one, as a refetch on its tenth image does."""
    following = begin(
        cloud(count, seed=generation),
        project=CHAPEL,
        generation=generation,
        previous=store.references.present(),
        image_count=10 * generation,
        update=None,
    )
    store.references.extend(following.reference, following.shards)
    store.references.keep_earlier()
    return following.reference


def rows(store: Store) -> tuple[GenerationRow, ...]:
    message = store.references.earlier.message(CHAPEL)
    return message.generations if message is not None else ()


def joined(store: Store, generation: int) -> PointCloud:
    return PointCloud.join([decode_packed(payload) for _, payload in store.references.earlier.shards(generation)])


def test_a_new_project_has_no_rows(store: Store) -> None:
    assert store.references.earlier.message(CHAPEL) is None
    with pytest.raises(GenerationNotKeptError, match="generation 1"):
        store.references.earlier.shards(1)


def test_a_replaced_generation_keeps_its_points_also_after_it_is_forgotten(store: Store) -> None:
    publish(store, 1)
    assert [each.shards for each in rows(store)] == [()]  # it is the present one: its shards are in the manifest
    publish(store, 2)
    store.references.forget(1)
    first, second = rows(store)
    assert (first.first_image_count, first.image_count, second.first_image_count) == (10, 10, 20)
    assert [each.point_count for each in first.shards] == [500]
    for shard, payload in store.references.earlier.shards(1):
        assert (sha256(payload), len(payload)) == (shard.sha256, shard.size_bytes)
    points = joined(store, 1).points_in_world + first.offset
    assert np.allclose(np.sort(points, axis=0), np.sort(cloud(500, seed=1).points_in_world, axis=0), atol=1e-3)


def camera(number: int, error_px: float | None, *, component: int = 0) -> CameraEntry:
    pose = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    said = {"image_id": f"walk-{number:06d}-0123456789abcdef", "image_number": number, "state": CameraState.PLACED}
    said |= {"world_from_camera": pose, "reprojection_error_px": error_px, "component": component}
    return CameraEntry.model_validate(said)


def test_a_row_says_how_well_the_cameras_fitted_in_the_last_revision_and_the_scale(store: Store) -> None:
    first = publish(store, 1)
    assert [(each.mean_reprojection_error_px, each.metres_per_unit) for each in rows(store)] == [(None, None)]
    cameras = [camera(1, 0.5), camera(2, 1.0), camera(3, None), camera(4, 9.0, component=1)]
    frame = first.manifest.frame.model_copy(update={"metres_per_unit": 0.25, "scale_deviation_ratio": 0.01})
    revised = first.with_cameras(camera_pages(CHAPEL, cameras)).with_manifest(revision=1, frame=frame)
    store.references.revise(revised)
    publish(store, 2)
    before, _present = rows(store)
    assert before.mean_reprojection_error_px == pytest.approx(0.75)
    assert (before.metres_per_unit, before.scale_deviation_ratio) == (0.25, 0.01)
    assert ReadOnlyStore(folder=store.folder).generation_rows() == store.references.earlier._rows()


def test_a_large_generation_is_thinned_evenly(store: Store) -> None:
    publish(store, 1, count=3 * MOST_POINTS)
    publish(store, 2)
    kept = joined(store, 1)
    assert MOST_POINTS - 10 * MAX_POINTS < len(kept) <= MOST_POINTS
    assert len(store.references.earlier.shards(1)) <= history.MOST_EARLIER_SHARDS
    for _, payload in store.references.earlier.shards(1):  # each of them shows the whole object
        part = decode_packed(payload)
        assert (part.maximum - part.minimum > 9.5).all()


def test_only_the_last_ones_are_kept_and_their_files_alone_lie_on_the_disk(store: Store, tmp_path: Path) -> None:
    for generation in range(1, 6):
        publish(store, generation)
    assert [(each.generation, bool(each.shards)) for each in rows(store)] == [
        (1, False),
        (2, False),
        (3, True),
        (4, True),
        (5, False),
    ]
    with pytest.raises(GenerationNotKeptError):
        store.references.earlier.shards(2)
    named = {f"{each.sha256}.{Encoding.PACKED}" for row in rows(store) for each in row.shards}
    assert {path.name for path in (tmp_path / "chapel" / "earlier").iterdir()} == named


def test_a_file_that_is_gone_or_changed_is_not_offered(store: Store, tmp_path: Path) -> None:
    publish(store, 1)
    publish(store, 2)
    (path,) = (tmp_path / "chapel" / "earlier").iterdir()
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(GenerationNotKeptError, match="gone from the disk"):
        store.references.earlier.shards(1)
    path.unlink()
    assert [each.shards for each in rows(store)] == [(), ()]


def test_rows_outlive_a_restart_which_copies_what_was_not_copied(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10)
    for generation in (1, 2, 3):
        following = begin(
            cloud(100, seed=generation),
            project=CHAPEL,
            generation=generation,
            previous=None,
            image_count=1,
            update=None,
        )
        store.references.extend(following.reference, following.shards)
    store.close()
    store = Store(tmp_path / "chapel", refetch_every=10)  # forgets the first generation
    assert [bool(each.shards) for each in rows(store)] == [True, False, False]
    store.close()


def test_without_a_wish_for_earlier_versions_none_is_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10, limits=StoreLimits(earlier_generations=0))
    publish(store, 1)
    publish(store, 2)
    assert [each.shards for each in rows(store)] == [(), ()]
    assert list((tmp_path / "chapel" / "earlier").iterdir()) == []
    store.close()


def test_the_rows_of_a_long_project_fit_into_their_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10, limits=StoreLimits(earlier_generations=100))
    monkeypatch.setattr(EarlierGenerations, "_remove_unnamed", lambda _self: None)
    for generation in range(1, 131):
        publish(store, generation, count=20)
    message = store.references.earlier.message(CHAPEL)
    assert message is not None
    payload = message.encode()
    assert len(payload) <= MAX_HISTORY_BYTES
    assert decode(payload, GenerationHistory).generations[-1].generation == 130
    assert 60 < len(message.generations) <= history.MOST_GENERATIONS
    store.close()


def test_the_limit_of_points_is_that_of_shards() -> None:
    assert history._MOST_POINTS == MAX_POINTS
