import json
import os
import tomllib
from pathlib import Path

import pytest

from broker.config import SETTINGS_VARIABLE
from edge_agent.calibrate import BadCalibrationError, read_numbers, read_opencv, write
from edge_agent.config import Calibration, Settings

LENS = Calibration(size_px=(1024, 768), matrix=(812.34, 811.5, 512.0, 384.0), distortion=(0.01, -0.002))


def test_numbers_are_read_as_they_are_typed() -> None:
    assert read_numbers("812.34,811.5,512,384", "0.01,-0.002", "1024x768") == LENS


@pytest.mark.parametrize(
    ("matrix", "distortion", "size"),
    [("1,2,3", None, "10x10"), ("1,2,3,x", None, "10x10"), ("1,2,3,4", "a", "10x10"), ("1,2,3,4", None, None)],
)
def test_other_numbers_are_refused_with_an_example(matrix: str, distortion: str | None, size: str | None) -> None:
    with pytest.raises(BadCalibrationError, match="WIDTHxHEIGHT"):
        read_numbers(matrix, distortion, size)


def test_opencvs_json_is_read_with_its_pixel_centres_moved(tmp_path: Path) -> None:
    path = tmp_path / "camera.json"
    matrix = {"type_id": "opencv-matrix", "rows": 3, "cols": 3, "dt": "d"}
    known = {
        "image_width": 1024,
        "image_height": 768,
        "camera_matrix": matrix | {"data": [812.0, 0.0, 511.5, 0.0, 811.0, 383.5, 0.0, 0.0, 1.0]},
        "distortion_coefficients": matrix | {"data": [0.1, 0.2, 0.3, 0.4, 0.5]},
    }
    path.write_text(json.dumps(known))
    assert read_opencv(path) == Calibration(
        size_px=(1024, 768), matrix=(812.0, 811.0, 512.0, 384.0), distortion=(0.1, 0.2, 0.3, 0.4)
    )


@pytest.mark.parametrize("text", ["", "{}", "%YAML:1.0", '{"image_width": 1, "image_height": 1, "camera_matrix": 3}'])
def test_another_file_is_refused_with_what_to_write(tmp_path: Path, text: str) -> None:
    path = tmp_path / "camera.json"
    path.write_text(text)
    with pytest.raises(BadCalibrationError, match="FileStorage"):
        read_opencv(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[edge]\nproject = "chapel"\n\n[edge.broker]\nport = 1884\n',
        "[edge.broker]\nport = 1884\n\n[viewer]\nport = 1\n",
        "[edge]\ncalibration = { size_px = [1, 1], matrix = [1.0, 1.0, 1.0, 1.0] }\ninterval_s = 7.0\n",
        "[edge]  # the rig",
    ],
)
def test_it_stands_in_the_settings_once_and_everything_else_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    path = tmp_path / "cairn.toml"
    path.write_text(text)
    path.chmod(0o640)
    before = tomllib.loads(text)
    write(LENS, path)
    write(LENS, path)
    monkeypatch.setenv(SETTINGS_VARIABLE, str(path))
    assert Settings.load().calibration == LENS
    after = tomllib.loads(path.read_text())
    del after["edge"]["calibration"]
    before.setdefault("edge", {}).pop("calibration", None)
    assert after == before
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_settings_file_that_is_none_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cairn.toml"
    path.write_text("this is = = no TOML")
    with pytest.raises(BadCalibrationError, match="by hand"):
        write(LENS, path)
    assert path.read_text() == "this is = = no TOML"
    assert os.listdir(tmp_path) == ["cairn.toml"]  # noqa: PTH208 - names only
