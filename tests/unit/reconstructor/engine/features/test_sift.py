"""Are features found where there is something to see, ordered, coloured, and checked?"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.colmap_sift import _extractor
from reconstructor.engine.features.photographs import DecodedPhotograph, PhotographSensor, read_photograph
from reconstructor.engine.features.sensor_identity import identify
from reconstructor.engine.features.sift import BadFeaturesError, Features, extract_features
from reconstructor.engine.settings import EngineSettings
from tests.unit.reconstructor.engine.synthetic import Photographs, features_at

SETTINGS = EngineSettings(threads=1, max_features=500)


def blank() -> DecodedPhotograph:
    return DecodedPhotograph(
        colors_rgb=np.full((200, 300, 3), 90, np.uint8),
        gray=np.full((200, 300), 90, np.uint8),
        sensor=PhotographSensor(name="a", width_px=300, height_px=200, intrinsics=None, focal_px=None),
        identity=identify(Image.Exif()),
        width_px=300,
        height_px=200,
        file_name="blank.png",
    )


def test_features_are_as_many_as_asked_largest_first_and_of_the_photographs_colour(photographs: Photographs) -> None:
    photograph = read_photograph(photographs.paths[0], SETTINGS)
    features = extract_features(photograph, SETTINGS)
    assert len(features) == 500
    assert (np.diff(features.keypoints[:, 2]) <= 0).all()
    columns, rows = features.keypoints[:, :2].astype(int).T
    assert np.array_equal(features.colors_rgb, photograph.colors_rgb[rows, columns])


@pytest.mark.parametrize(
    ("has_cuda", "device", "number"), [(True, "cuda:1", "1"), (True, "cpu", "-1"), (False, "cuda", "-1")]
)
def test_the_gpu_takes_features_where_colmap_has_cuda(
    has_cuda: bool, device: str, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[bool, str, object]] = []

    def create(options: Any, where: object) -> Any:
        asked.append((options.use_gpu, options.gpu_index, where))
        return on_cpu(pycolmap.FeatureExtractionOptions(), pycolmap.Device.cpu)

    on_cpu = pycolmap.FeatureExtractor.create
    _extractor.cache_clear()
    monkeypatch.setattr(pycolmap, "has_cuda", has_cuda)
    monkeypatch.setattr(pycolmap.FeatureExtractor, "create", create)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    extract_features(blank(), EngineSettings(threads=1, max_features=600, device=device))
    is_gpu = number != "-1"
    assert asked == [(is_gpu, number, pycolmap.Device.cuda if is_gpu else pycolmap.Device.cpu)]


def test_a_blank_photograph_has_no_features() -> None:
    assert len(extract_features(blank(), SETTINGS)) == 0


def test_no_feature_sees_what_a_mask_hides(photographs: Photographs) -> None:
    photograph = read_photograph(photographs.paths[0], SETTINGS)
    is_shown = np.ones(photograph.gray.shape, np.bool_)
    is_shown[:, : photograph.gray.shape[1] // 2] = False
    gray = np.where(is_shown, photograph.gray, 0).astype(np.uint8)
    features = extract_features(replace(photograph, gray=gray, is_shown=is_shown), SETTINGS)
    assert len(features) > 50
    edge = photograph.gray.shape[1] // 2
    assert (features.keypoints[:, 0] - 6 * features.keypoints[:, 2] >= edge - 1).all()


def test_the_same_photograph_gives_the_same_features(photographs: Photographs) -> None:
    photograph = read_photograph(photographs.paths[1], SETTINGS)
    first, second = (extract_features(photograph, SETTINGS) for _ in range(2))
    assert np.array_equal(first.descriptors, second.descriptors)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    good = features_at(np.ones((5, 2)))
    wrong: list[Any] = [
        good.keypoints[:4],
        good.keypoints[:, :3],
        good.keypoints.astype(np.float64),
        np.full((5, 4), np.nan, np.float32),
    ]
    for keypoints in wrong:
        with pytest.raises(BadFeaturesError):
            Features(keypoints=keypoints, descriptors=good.descriptors, colors_rgb=good.colors_rgb)
