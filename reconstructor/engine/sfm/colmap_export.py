"""How do other programs get the model? As a COLMAP folder, in pixels of the full photographs, with the photographs."""

import contextlib
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps
from PIL.ExifTags import Base

from reconstructor.clouds.similarity import Sim3
from reconstructor.engine.colmap import pycolmap, sim3
from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.known_images import KnownImages

_UPRIGHT_QUALITY: Final = 95


def write_colmap(
    model: Any, known: KnownImages, folder: Path, *, units_per_unit: float = 1.0, may_link: bool = True
) -> None:
    """Write `sparse/0` (COLMAP binary) and `images/` (upright) of all placed images; an old folder is replaced.

    `units_per_unit` is the length in the folder of one unit of the model. With `may_link`, a photograph that is upright
    becomes a hard link: a change of one file then changes the other.
    """
    shutil.rmtree(folder, ignore_errors=True)
    sparse, images = folder / "sparse" / "0", folder / "images"
    sparse.mkdir(parents=True)
    images.mkdir()
    full = pycolmap.Reconstruction(model)
    full.transform(sim3(replace(Sim3.identity(), scale=units_per_unit)))
    resized, taken = set[int](), set[str]()
    for number in sorted(full.reg_image_ids()):
        facts = known.facts[number]
        image = full.image(number)
        image.name = _free_name(number, facts, taken)
        _write_upright(facts.current_path, images / image.name, may_link=may_link)
        across, down = facts.reduction
        for point in image.points2D:
            point.xy = point.xy / [across, down]
        if image.camera_id not in resized:
            full.camera(image.camera_id).rescale(facts.width_px, facts.height_px)
            resized.add(image.camera_id)
    full.write_binary(str(sparse))


def _free_name(number: int, facts: ImageFacts, taken: set[str]) -> str:
    """The photographer's file name with the suffix of the file; with the image's number before it if that is taken."""
    stem, suffix = Path(facts.file_name).stem, facts.current_path.suffix
    name = f"{stem}{suffix}"
    if name.lower() in taken:  # some file systems do not tell A from a
        name = f"{number:06d}-{name}"
    taken.add(name.lower())
    return name


def _write_upright(source: Path, target: Path, *, may_link: bool) -> None:
    """Write a photograph to a file, rotated as EXIF says; the model is useful without the photograph, too."""
    if not source.is_file():
        return
    with Image.open(source) as image:
        if image.getexif().get(Base.Orientation, 1) != 1:
            ImageOps.exif_transpose(image).save(target, quality=_UPRIGHT_QUALITY)
            return
    if may_link:
        with contextlib.suppress(OSError):  # another disk, or a file system without links
            os.link(source, target)
            return
    shutil.copyfile(source, target)
