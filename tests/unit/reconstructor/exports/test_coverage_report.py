"""What does `cairn reconstructor advise` say of a stored wall with a hole?"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from broker.ids import ProjectId
from broker.manifest import camera_pages
from broker.messages import ScaleSource
from reconstructor.cli import app
from reconstructor.clouds.ply import WideCloud
from reconstructor.exports import coverage_report
from reconstructor.exports.coverage_report import report_coverage
from reconstructor.exports.origins import NothingToExportError, find_origin
from reconstructor.exports.published import published_cloud, published_points
from reconstructor.exports.report import _coverage as coverage_section
from reconstructor.metric_scale.scale import Scale, Scaling
from reconstructor.publishing.manifests import begin
from reconstructor.storage.store import Store
from tests.walls import HOLE, camera_entry, wall

PROJECT = ProjectId("wall")
RUNNER = CliRunner()
Stored = Callable[..., Path]


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    """Writes a data folder with the wall and cameras at these places before it."""

    def write(places: list[float], *, stride: int = 1, metres: float | None = None) -> Path:
        points = wall()[::stride]
        cloud = WideCloud(points_in_world=points, colors_rgb=np.full(points.shape, 128, np.uint8))
        measured = None if metres is None else Scale(metres_per_unit=metres, source=ScaleSource.GPS)
        scale = Scaling(measured=measured)
        made = begin(cloud, project=PROJECT, generation=1, previous=None, image_count=4, update=None, scaling=scale)
        cameras = [camera_entry(number, x) for number, x in enumerate(places, start=1)]
        store = Store(tmp_path / "data" / PROJECT, refetch_every=10)
        store.references.write(1, made.shards)
        with store._database.transaction():
            store.references.record(made.reference.with_cameras(camera_pages(PROJECT, cameras)))
        store.close()
        return tmp_path / "data"

    return write


def test_it_sends_somebody_to_the_hole(stored: Stored) -> None:
    data = stored([-1.5, -1.0, 1.0, 1.5])
    result = RUNNER.invoke(app, ["advise", "wall", "--data", str(data)])
    assert result.exit_code == 0
    assert "the cloud has a hole at the place that the page marks in photograph" in result.stdout

    told = json.loads(RUNNER.invoke(app, ["advise", "wall", "--data", str(data), "--json"]).stdout)
    left, right, bottom, top = HOLE
    place = next(each for each in told["advice"] if each["code"] == "hole")
    assert left - 0.1 < place["target"][0] < right + 0.1
    assert bottom - 0.1 < place["target"][2] < top + 0.1
    assert told["hole_cells"] > 0
    assert told["sentences"] == result.stdout.splitlines()


def test_steps_are_metres_once_the_scale_is_known(stored: Stored) -> None:
    data = stored([-1.5, -1.0, 1.0, 1.5], metres=2.0)
    assert " m to the " in RUNNER.invoke(app, ["advise", "wall", "--data", str(data)]).stdout


def test_sparse_points_claim_nothing(stored: Stored) -> None:
    report = report_coverage(find_origin("wall", stored([-1.5, -1.0, 1.0, 1.5], stride=400)))
    assert report.told.advice.places == ()
    assert "too sparse" in report.sentences[0]
    assert json.loads(report.to_json())["hole_cells"] is None


def test_the_report_counts_the_cells_of_holes_beside_those_of_the_surface(stored: Stored) -> None:
    origin = find_origin("wall", stored([-1.5, -1.0, 1.0, 1.5]))
    told = report_coverage(origin).told.coverage
    well = told.cell_count - told.bad_cell_count
    assert told.hole_cell_count > 1
    assert (
        f"{well:,} of {told.cell_count:,} cells of the surface are well covered by photographs, "
        f"and {told.hole_cell_count:,} cells are holes."
    ) in coverage_section(origin)


def test_two_photographs_are_too_few(stored: Stored) -> None:
    with pytest.raises(NothingToExportError, match="only 2 photographs are placed"):
        report_coverage(find_origin("wall", stored([-1.0, 1.0])))


def test_a_large_cloud_stays_dense_and_gets_advice(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage_report, "MOST_POINTS", 1_000)
    report = report_coverage(find_origin("wall", stored([-1.5, -1.0, 1.0, 1.5])))
    assert report.told.coverage.is_dense
    assert report.told.advice.places


def test_up_is_that_of_the_frame(stored: Stored) -> None:
    origin = find_origin("wall", stored([-1.5, -1.0, 1.0, 1.5]))
    assert origin.reference is not None
    frame = origin.reference.manifest.frame.model_copy(update={"up": (0.0, -0.6, 0.8)})
    tilted = origin.reference.with_manifest(frame=frame)
    report = report_coverage(replace(origin, reference=tilted))
    assert report.coverage.up == pytest.approx([0.0, -0.6, 0.8])


@pytest.mark.parametrize("most", [1, 7, 5_000, 19_429, 1_000_000])
def test_points_are_thinned_evenly_over_all_shards(stored: Stored, most: int) -> None:
    origin = find_origin("wall", stored([-1.0, 1.0]))
    every = published_cloud(origin).points_in_world
    thinned, step = published_points(origin, most)
    assert len(thinned) <= most
    assert step == -(-len(every) // most)
    np.testing.assert_array_equal(thinned, every[::step])
