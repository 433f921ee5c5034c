"""Does pycolmap leave the interpreter's zlib alone, and is it imported in one place?"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import reconstructor.engine
from reconstructor.engine.colmap import distortion_of, intrinsics_of, pycolmap

ENCODE = """
import io, sys
from reconstructor.engine.colmap import pycolmap
import gzip
from PIL import Image
file = io.BytesIO()
Image.effect_noise((256, 256), 80).convert("RGB").save(file, "PNG")
assert Image.open(io.BytesIO(file.getvalue())).convert("L").size == (256, 256)
assert gzip.decompress(gzip.compress(b"stone" * 100_000)) == b"stone" * 100_000
print(pycolmap.__version__)
"""


def test_a_png_and_a_gzip_are_written_after_pycolmap_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENCODE],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_one_module_imports_pycolmap_and_zlib_comes_first() -> None:
    folder = Path(reconstructor.engine.__path__[0])
    importers = [path.name for path in folder.rglob("*.py") if "\nimport pycolmap" in path.read_text()]
    assert importers == ["colmap.py"]
    text = (folder / "colmap.py").read_text()
    assert text.index("\nimport zlib") < text.index("\nimport pycolmap")


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("SIMPLE_RADIAL", (500.0, 320.0, 240.0, -0.1)),
        ("RADIAL", (500.0, 320.0, 240.0, -0.1, 0.02)),
        ("OPENCV", (500.0, 510.0, 320.0, 240.0, -0.1, 0.02, 0.003, -0.004)),
    ],
)
def test_distortion_is_said_in_the_words_of_opencv(model: str, params: tuple[float, ...]) -> None:
    camera = pycolmap.Camera(model=model, params=list(params), width=640, height=480, camera_id=1)
    fx, fy, cx, cy = intrinsics_of(camera)
    k1, k2, p1, p2 = distortion_of(camera)
    x, y = 0.4, -0.25
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2 * r2
    pixel = [
        fx * (x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)) + cx,
        fy * (y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y) + cy,
    ]
    assert camera.img_from_cam(np.array([[x, y, 1.0]]))[0] == pytest.approx(pixel, abs=1e-9)


def test_a_pinhole_has_no_distortion() -> None:
    camera = pycolmap.Camera(model="PINHOLE", params=[500.0, 500.0, 320.0, 240.0], width=640, height=480, camera_id=1)
    assert distortion_of(camera) == ()
