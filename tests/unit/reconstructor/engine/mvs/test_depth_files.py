"""Which depth does a restart find? That of the newest finished step, whatever was written for one that was not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from reconstructor.engine.exposure.gains import Exposure
from reconstructor.engine.mvs.dense_model import DenseModel, DenseSettings
from reconstructor.engine.mvs.depth_files import DepthFiles
from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.entry import Entry
from reconstructor.engine.mvs.plane_sweep import PlaneSweep, SweepSettings
from tests.unit.reconstructor.engine.analytic import photographed
from tests.unit.reconstructor.engine.power_cut import Disk

VIEWS = {image.view.image_number: image.view for image in photographed("leaning_wall")[:3]}


def entry(number: int, inverse_depth: float) -> Entry:
    """An image's depth, the same in every pixel."""
    view = VIEWS[number]
    shape = (view.height, view.width)
    depth_map = DepthMap(
        inverse_depth=torch.full(shape, inverse_depth),
        deviation=torch.full(shape, 0.01),
        confidence=torch.full(shape, 0.5),
        valid=torch.ones(shape, dtype=torch.bool),
    )
    sources = tuple(other for key, other in VIEWS.items() if key != number)
    return Entry.of(view, sources, depth_map)


def depth_in(files: DepthFiles, number: int) -> float | None:
    kept = files.read_entry(number, VIEWS)
    return None if kept is None else float(kept.depth_map.inverse_depth[0, 0])


@pytest.fixture
def files(tmp_path: Path) -> DepthFiles:
    """The depth of two images after step 4, of which the first was computed again at step 7."""
    files = DepthFiles(folder=tmp_path)
    files.write_entry(0, entry(0, 0.25), 4)
    files.write_entry(1, entry(1, 0.5), 4)
    files.write_entry(0, entry(0, 0.75), 7)
    return files


def test_what_was_written_comes_back(files: DepthFiles) -> None:
    kept = files.read_entry(1, VIEWS)
    assert kept is not None
    assert [view.image_number for view in kept.sources] == [0, 2]
    assert np.array_equal(kept.view.camera_from_world, VIEWS[1].camera_from_world)
    assert kept.depth_map.valid.all()
    assert not kept.published.any()
    assert files.read_entry(2, VIEWS) is None


def test_an_exposure_comes_back(files: DepthFiles) -> None:
    files.write_entry(2, replace(entry(2, 0.5), exposure=Exposure(gains=np.array([0.1, 0.2, 0.3]), falloff=-0.2)), 8)
    kept = files.read_entry(2, VIEWS)
    assert kept is not None
    assert kept.exposure.gains.tolist() == [0.1, 0.2, 0.3]
    assert kept.exposure.falloff == -0.2


def test_the_newest_depth_counts(files: DepthFiles) -> None:
    assert (depth_in(files, 0), depth_in(files, 1)) == pytest.approx((0.75, 0.5), rel=1e-4)


def test_a_step_that_was_not_finished_leaves_the_depth_before_it(files: DepthFiles) -> None:
    files.forget_unfinished(6)
    assert (depth_in(files, 0), depth_in(files, 1)) == (0.25, 0.5)


def test_what_a_finished_step_replaced_goes_with_the_next_one(files: DepthFiles, tmp_path: Path) -> None:
    files.forget_replaced(7)  # step 7 is not finished yet
    assert len(list((tmp_path / "depth").iterdir())) == 3
    files.forget_replaced(8)
    assert sorted(path.name for path in (tmp_path / "depth").iterdir()) == ["000000.000007.npz", "000001.000004.npz"]


def test_prepared_depth_counts_once_its_step_has_a_name(files: DepthFiles, tmp_path: Path) -> None:
    files.prepare_entry(1, entry(1, 0.25))
    files.write_entry(1, entry(1, 0.75), 5)  # by an image that came meanwhile
    assert depth_in(files, 1) == pytest.approx(0.75, rel=1e-4)
    files.finish_entry(1, 8)
    assert depth_in(files, 1) == pytest.approx(0.25, rel=1e-4)
    files.prepare_entry(0, entry(0, 0.25))
    files.forget_unfinished(8)
    assert not list((tmp_path / "depth").glob("*next*"))
    assert depth_in(files, 0) == pytest.approx(0.75, rel=1e-4)


def test_depth_of_an_image_that_the_model_lost_is_none(files: DepthFiles) -> None:
    assert files.read_entry(0, {1: VIEWS[1], 2: VIEWS[2]}) is None


def test_depth_stays_when_the_model_lost_a_source_and_no_point_is_published_twice(tmp_path: Path) -> None:
    """As without a restart: else the image is matched again, and nothing says which of its points are there already."""
    every = [image.view for image in photographed("leaning_wall")]
    known = DenseModel(PlaneSweep(SweepSettings()), DenseSettings())
    for view in every[:4]:
        known.add(view)
    files, left = DepthFiles(folder=tmp_path), {view.image_number: view for view in every[1:4]}
    lost = every[0].image_number
    assert any(source.image_number == lost for source in known.entries[every[3].image_number].sources)
    known.discard(lost)
    restarted = DenseModel(PlaneSweep(SweepSettings()), DenseSettings())
    for number, view in left.items():
        files.write_entry(number, known.entries[number], 4)
        restarted.restore(view, files.read_entry(number, left))
    assert {key: len(each.sources) for key, each in restarted.entries.items()} == {
        key: len(each.sources) for key, each in known.entries.items()
    }
    assert len(restarted.add(every[4]).points) == pytest.approx(len(known.add(every[4]).points), rel=0.01)


def test_a_torn_file_is_none(files: DepthFiles, tmp_path: Path) -> None:
    path = tmp_path / "depth/000001.000004.npz"
    path.write_bytes(path.read_bytes()[:1000])
    assert depth_in(files, 1) is None


def test_a_power_cut_leaves_the_reduced_photographs_and_at_most_the_depth_is_lost(
    files: DepthFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    files.write_pixels(0, pixels)
    disk = Disk(files.folder)
    with disk.watched(monkeypatch):
        files.write_pixels(1, pixels)
        files.write_entry(1, entry(1, 0.75), 8)
    disk.cut_power()
    kept = files.read_pixels(1)
    assert kept is not None
    assert np.array_equal(kept, pixels)
    assert depth_in(files, 1) in {None, 0.5}
