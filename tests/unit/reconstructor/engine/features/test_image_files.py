"""Do an image's files come back as they were written, and do torn ones count as missing?"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from reconstructor.engine.features.image_files import ImageFacts, ImageFiles, store_of
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.features.sift import BadFeaturesError
from tests.unit.reconstructor.engine.synthetic import features_at

FACTS = ImageFacts(
    image_id="door-000001-0123456789abcdef",
    path="/photos/door.jpg",
    file_name="door.jpg",
    width_px=4000,
    height_px=3000,
    sensor_name="rig-north",
    reduced_width_px=1000,
    reduced_height_px=750,
    intrinsics=None,
    focal_px=812.5,
)

LAYOUT = (("previews", ".webp"), ("images", ".jpg"))


def test_an_original_that_came_takes_the_place_of_its_preview(tmp_path: Path) -> None:
    for folder in ("previews", "images"):
        (tmp_path / folder).mkdir()
    preview, original = (tmp_path / folder / f"{FACTS.image_id}{suffix}" for folder, suffix in LAYOUT)
    facts = FACTS.model_copy(update={"path": str(preview)})
    preview.touch()
    original.with_suffix(".json").touch()
    original.with_name(f"{original.name}.json").touch()
    original.with_name(f"another-{original.name}").touch()
    assert facts.current_path == preview
    original.touch()
    assert facts.current_path == original
    assert facts.model_copy(update={"path": str(original)}).current_path == original


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder of a project that was moved or restored."""
    (tmp_path / "south" / "chapel" / "black_box").mkdir(parents=True)
    (tmp_path / "south" / "chapel" / "store.sqlite").touch()
    return tmp_path / "south" / "chapel"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("/north/chapel/images/door.jpg", "images/door.jpg"),
        ("/north/chapel/previews/door.webp", "previews/door.webp"),
        ("/etc/passwd", "images/passwd"),
        ("/north/chapel/images/../../../etc/passwd", "images/passwd"),
        ("/north/chapel/images/..", "images/no-name"),
        ("/", "images/no-name"),
    ],
)
def test_a_photograph_is_found_in_its_project_wherever_that_is_and_nowhere_else(
    store: Path, tmp_path: Path, written: str, found: str
) -> None:
    files = ImageFiles(folder=store / "black_box")
    files.write_features(7, FACTS.model_copy(update={"path": written}), features_at(np.ones((20, 2))))
    copy = shutil.copytree(store / "black_box", tmp_path / "copy")
    for each in (files, ImageFiles(folder=copy, store=store_of(store / "black_box"))):
        kept = each.read_features(7)
        assert kept is not None
        assert Path(kept[0].path) == store / found
    replayed = ImageFiles(folder=copy).read_features(7)
    assert replayed is not None
    assert replayed[0].path == written  # no project: the photographs of a replay lie anywhere


def test_an_image_id_that_names_another_folder_opens_no_file_of_it(store: Path) -> None:
    (store / "images").mkdir()
    (store.parent / "secret.txt").touch()
    facts = FACTS.model_copy(update={"image_id": "../../secret", "path": "/x/previews/door.webp"}).in_store(store)
    assert facts.current_path == store / "previews" / "door.webp"


def pair(earlier: int, count: int) -> Pair:
    matches = np.random.default_rng(earlier).integers(0, 99, (count, 2)).astype(np.uint32)
    matrices = np.random.default_rng(earlier).normal(size=(3, 3, 3))
    matrices[1] = np.nan
    return Pair(earlier=earlier, newer=7, matches=matches, configuration=2, matrices=matrices)


def test_features_and_facts_survive_the_disk(tmp_path: Path) -> None:
    files, features = ImageFiles(folder=tmp_path), features_at(np.random.default_rng(0).uniform(0, 99, (20, 2)))
    files.write_features(7, FACTS, features)
    kept = files.read_features(7)
    assert kept is not None
    assert kept[0] == FACTS
    assert np.array_equal(kept[1].keypoints, features.keypoints)
    assert np.array_equal(files.read_descriptors(7), features.descriptors)
    assert len(kept[1]) == len(features)
    assert len(kept[1].descriptors) == 0  # read when they are matched
    with pytest.raises(BadFeaturesError):
        files.read_descriptors(8)
    assert FACTS.reduction == (0.25, 0.25)


@pytest.mark.parametrize("counts", [(), (15,), (15, 0, 40)])
def test_pairs_survive_the_disk(tmp_path: Path, counts: tuple[int, ...]) -> None:
    files = ImageFiles(folder=tmp_path)
    pairs = tuple(pair(earlier, count) for earlier, count in enumerate(counts, 1))
    files.write_pairs(7, pairs)
    kept = files.read_pairs(7)
    assert kept is not None
    assert [(one.earlier, one.newer, one.configuration) for one in kept] == [(one.earlier, 7, 2) for one in pairs]
    for one, other in zip(kept, pairs, strict=True):
        assert np.array_equal(one.matches, other.matches)
        assert np.array_equal(one.matrices, other.matrices, equal_nan=True)


@pytest.mark.parametrize("length", [0, 10, 700])
def test_a_torn_file_counts_as_missing(tmp_path: Path, length: int) -> None:
    files = ImageFiles(folder=tmp_path)
    files.write_features(7, FACTS, features_at(np.ones((20, 2))))
    files.write_pairs(7, (pair(1, 40),))
    for kind in ("features", "pairs"):
        path = tmp_path / kind / "000007.npz"
        path.write_bytes(path.read_bytes()[:length])
    assert files.read_features(7) is None
    assert files.read_pairs(7) is None
    assert files.read_pairs(8) is None


def test_matrices_that_were_not_estimated_stay_out_of_colmap() -> None:
    geometry = pair(1, 20).to_colmap()
    assert geometry.F is None
    assert np.allclose(geometry.E, pair(1, 20).matrices[0])
    assert np.array_equal(geometry.inlier_matches, pair(1, 20).matches)
