"""How do other programs get the model? As a COLMAP folder, in pixels of the full photographs, with the photographs."""

import contextlib
import os
import shutil
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from PIL import Image

from broker.images.eight_bits import as_rgb
from broker.images.orientation import orientation_of, upright
from reconstructor.clouds.similarity import Sim3
from reconstructor.engine.colmap import pycolmap, sim3
from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.known_images import KnownImages

_UPRIGHT_QUALITY: Final = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class ColmapFolder:
    """What was written.

    Attributes:
        previews: the names of the images that are enlarged previews.
        missing: the names of the images whose photograph's file is gone.
    """

    previews: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def write_colmap(
    model: Any,
    known: KnownImages,
    folder: Path,
    *,
    units_per_unit: float = 1.0,
    may_link: bool = True,
) -> ColmapFolder:
    """Write `sparse/0` (COLMAP binary) and `images/` (upright) of all placed images; an old folder is replaced.

    A preview is enlarged to the size of its original, in whose pixels the model is. `units_per_unit` is the length in the
    folder of one unit of the model. With `may_link`, a photograph that is upright becomes a hard link: a change of one
    file then changes the other. A photograph whose file is gone is left out; the model is useful without it, too.
    """
    shutil.rmtree(folder, ignore_errors=True)
    sparse, images = folder / "sparse" / "0", folder / "images"
    sparse.mkdir(parents=True)
    images.mkdir()
    full = pycolmap.Reconstruction(model)
    full.transform(sim3(replace(Sim3.identity(), scale=units_per_unit)))
    resized, taken, enlarged, missing = set[int](), set[str](), list[str](), list[str]()
    for number in sorted(full.reg_image_ids()):
        facts = known.facts[number]
        image = full.image(number)
        photograph = facts.current_path
        is_reduced = _is_reduced(photograph, facts)
        image.name = _free_name(number, facts, ".jpg" if is_reduced else photograph.suffix, taken)
        if not photograph.is_file():
            missing.append(image.name)
        elif is_reduced:
            _write_enlarged(photograph, images / image.name, facts)
            enlarged.append(image.name)
        else:
            _write_upright(photograph, images / image.name, may_link=may_link)
        across, down = facts.reduction
        for point in image.points2D:
            point.xy = point.xy / [across, down]
        if image.camera_id not in resized:
            full.camera(image.camera_id).rescale(facts.width_px, facts.height_px)
            resized.add(image.camera_id)
    full.write_binary(str(sparse))
    return ColmapFolder(previews=tuple(enlarged), missing=tuple(missing))


def _free_name(number: int, facts: ImageFacts, suffix: str, taken: set[str]) -> str:
    """The photographer's file name with the suffix of the file; with the image's number before it while that is taken."""
    name = f"{Path(facts.file_name).stem}{suffix}"
    while (same := _folded(name)) in taken:
        name = f"{number:06d}-{name}"
    taken.add(same)
    return name


def _folded(name: str) -> str:
    """Equal for names that are one file to some file system, which does not tell A from a, or `ü` from `u` with dots."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_reduced(photograph: Path, facts: ImageFacts) -> bool:
    if not photograph.is_file():
        return False
    with Image.open(photograph) as image:
        return max(image.size) < max(facts.width_px, facts.height_px)


def _write_enlarged(preview: Path, target: Path, facts: ImageFacts) -> None:
    with Image.open(preview) as image:
        turned = as_rgb(upright(image, orientation_of(image.getexif())))
    turned.resize((facts.width_px, facts.height_px), Image.Resampling.BICUBIC).save(target, quality=_UPRIGHT_QUALITY)


def _write_upright(source: Path, target: Path, *, may_link: bool) -> None:
    """Write a photograph to a file, rotated as EXIF says."""
    with Image.open(source) as image:
        turned = upright(image, orientation_of(image.getexif()))
        if turned is not image:
            turned.save(target, quality=_UPRIGHT_QUALITY)
            return
    if may_link:
        with contextlib.suppress(OSError):  # another disk, or a file system without links
            os.link(source, target)
            return
    shutil.copyfile(source, target)
