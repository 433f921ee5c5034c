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
    resized: set[int] = set()
    for number in sorted(full.reg_image_ids()):
        facts = known.facts[number]
        image = full.image(number)
        image.name = _write_upright(number, Path(facts.path), images, may_link=may_link)
        across, down = facts.reduction
        for point in image.points2D:
            point.xy = point.xy / [across, down]
        if image.camera_id not in resized:
            full.camera(image.camera_id).rescale(facts.width_px, facts.height_px)
            resized.add(image.camera_id)
    full.write_binary(str(sparse))


def _write_upright(number: int, source: Path, folder: Path, *, may_link: bool) -> str:
    """Write a photograph into the folder, rotated as EXIF says; returns its name there."""
    name = source.name if not (folder / source.name).exists() else f"{number:06d}-{source.name}"
    if not source.is_file():
        return name  # the model is useful without the photograph, too
    with Image.open(source) as image:
        if image.getexif().get(Base.Orientation, 1) != 1:
            ImageOps.exif_transpose(image).save(folder / name, quality=_UPRIGHT_QUALITY)
            return name
    if may_link:
        with contextlib.suppress(OSError):  # another disk, or a file system without links
            os.link(source, folder / name)
            return name
    shutil.copyfile(source, folder / name)
    return name
