"""Does pycolmap leave the interpreter's zlib alone, and is it imported in one place?"""

import subprocess
import sys
from pathlib import Path

import reconstructor.engine

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
