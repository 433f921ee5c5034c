"""How is a surface written for other programs? As PLY, LAZ, glTF or E57; a file appears only when it is complete."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import laspy
import numpy as np
import trimesh
from laspy.vlrs.vlrlist import VLRList

from broker.errors import CairnError
from broker.ids import ExportFormat
from reconstructor.exports.surface import Surface

_FLOAT32_STEP: Final = 2.0**-23
_FINEST_STEP: Final = 2.0**-17  # of the extent, as shards are resolved
_STEPS_A_SIDE: Final = 10**8  # of LAZ's integers, which reach 2 * 10**9
_SIXTEEN_BITS: Final = 65_535
_COMMENT_SIGNS: Final = 800  # readers take lines of 1,024
LAS_USER: Final = "cairn"
LAS_GEOJSON: Final = 1
E57_EXTENSION: Final = "urn:cairn:geojson:1"


class CannotExportError(CairnError):
    """The file cannot be written."""

    code = "cannot_export"
    remedy = "Check the folder's rights and free space."


class NoE57Error(CairnError):
    """The library that writes E57 is not installed."""

    code = "no_e57"
    remedy = "Install it on the reconstructor's machine: pip install pye57; LAZ carries the same points."


def write_ply(surface: Surface, path: Path) -> None:
    """Binary PLY with normals and, where they are known, confidence and coverage; double only where float is too coarse.

    Comments that begin with `cairn-geojson` hold the companions: joined without the word they are one document.
    """
    number = "f4" if _fits_float(surface.points) else "f8"
    fields = [(name, f"<{number}") for name in "xyz"] + [(name, "<f4") for name in ("nx", "ny", "nz")]
    fields += [(name, "u1") for name in ("red", "green", "blue")]
    columns = [*surface.points.T, *surface.normals.T, *surface.colors_rgb.T]
    if surface.confidences is not None:
        fields.append(("confidence", "<f4"))
        columns.append(surface.confidences)
    if surface.coverages is not None:
        fields.append(("coverage", "<f4"))
        columns.append(surface.coverages)
    rows = np.empty(len(surface), np.dtype(fields))
    for (name, _), column in zip(fields, columns, strict=True):
        rows[name] = column
    words = {"<f4": "float", "<f8": "double", "u1": "uchar"}
    lines = ["ply", "format binary_little_endian 1.0", "comment cairn", f"comment units {surface.unit}"]
    text = surface.companions
    lines += [f"comment cairn-geojson {text[at : at + _COMMENT_SIGNS]}" for at in range(0, len(text), _COMMENT_SIGNS)]
    lines.append(f"element vertex {len(rows)}")
    lines += [f"property {words[kind]} {name}" for name, kind in fields] + ["end_header", ""]
    with finished(path) as part, part.open("wb") as file:
        file.write("\n".join(lines).encode())
        file.write(rows.tobytes())


def write_laz(surface: Surface, path: Path) -> None:
    """LAS 1.4, compressed: 16-bit colours, confidence as intensity, normals and coverage as extra dimensions.

    The companions are an extended record of the user `cairn`.
    """
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.generating_software = f"cairn, {surface.unit}"[:32]
    minimum, extent = surface.points.min(axis=0), float(np.ptp(surface.points, axis=0).max())
    header.offsets = np.floor(minimum)
    header.scales = np.full(3, _step(extent))
    names = ("NormalX", "NormalY", "NormalZ") + (() if surface.coverages is None else ("Coverage",))
    header.add_extra_dims([laspy.ExtraBytesParams(name=name, type=np.float32) for name in names])
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = surface.points.T
    cloud.red, cloud.green, cloud.blue = (surface.colors_rgb.astype(np.uint16) * 257).T
    if surface.confidences is not None:
        cloud.intensity = np.round(surface.confidences * _SIXTEEN_BITS).astype(np.uint16)
    cloud.NormalX, cloud.NormalY, cloud.NormalZ = surface.normals.T
    if surface.coverages is not None:
        cloud.Coverage = surface.coverages
    if surface.companions:
        text = surface.companions.encode("ascii")
        cloud.evlrs = VLRList([laspy.VLR(LAS_USER, LAS_GEOJSON, "measures, notes, coverage", text)])
    with finished(path) as part, part.open("wb") as file:
        cloud.write(file, do_compress=True)


def write_gltf(surface: Surface, path: Path) -> None:
    """Binary glTF (.glb): points about their middle, which the node's place holds, for its numbers are float32.

    The companions are the extra `cairn` of the scene.
    """
    middle = np.round(surface.points.mean(axis=0))
    points = trimesh.PointCloud(surface.points - middle, colors=surface.colors_rgb)
    scene = trimesh.Scene()
    scene.add_geometry(points, node_name="cairn", transform=trimesh.transformations.translation_matrix(middle))
    scene.metadata["unit"] = surface.unit
    if surface.companions:
        scene.metadata["cairn"] = json.loads(surface.companions)
    with finished(path) as part:
        part.write_bytes(trimesh.exchange.gltf.export_glb(scene))


def write_e57(surface: Surface, path: Path) -> None:
    """ASTM E2807 (E57): one scan of double coordinates about the scan's pose, colours, and confidence as intensity.

    The companions are the text `cairn:geojson` at the root, as an extension of the format.

    Raises:
        NoE57Error: pye57 is not installed.
    """
    try:
        import pye57  # noqa: PLC0415 - optional: there are no wheels for every machine
    except ImportError as exc:
        raise NoE57Error("E57 is not written here: pip install pye57, or take LAZ") from exc
    middle = np.round(surface.points.mean(axis=0))
    columns = dict(zip(("cartesianX", "cartesianY", "cartesianZ"), (surface.points - middle).T, strict=True))
    columns |= dict(zip(("colorRed", "colorGreen", "colorBlue"), surface.colors_rgb.T, strict=True))
    if surface.confidences is not None:
        columns["intensity"] = surface.confidences
    columns["cartesianInvalidState"] = np.zeros(len(surface), np.uint8)  # readers ask for it
    data = {name: np.ascontiguousarray(column) for name, column in columns.items()}
    with finished(path) as part:
        try:
            with contextlib.closing(pye57.E57(str(part), mode="w")) as file:
                file.write_scan_raw(data, name=f"cairn, {surface.unit}", translation=middle)
                if surface.companions:
                    file.image_file.extensionsAdd("cairn", E57_EXTENSION)
                    text = pye57.libe57.StringNode(file.image_file, surface.companions)
                    file.root.set("cairn:geojson", text)
        except pye57.libe57.E57Exception as exc:
            raise CannotExportError(f"cannot write {path}: {exc}") from exc


WRITERS: Final[dict[ExportFormat, Callable[[Surface, Path], None]]] = {
    ExportFormat.PLY: write_ply,
    ExportFormat.LAZ: write_laz,
    ExportFormat.GLTF: write_gltf,
    ExportFormat.E57: write_e57,
}


def _fits_float(points: np.ndarray) -> bool:
    extent = float(np.ptp(points, axis=0).max(initial=0.0))
    return float(np.abs(points).max(initial=0.0)) * _FLOAT32_STEP <= extent * _FINEST_STEP


def _step(extent: float) -> float:
    """A power of ten about 10**-8 of the extent: a tenth of a micrometre for an object of 10 m."""
    return float(10.0 ** np.floor(np.log10(max(extent, 1e-6) / _STEPS_A_SIDE)))


@contextlib.contextmanager
def finished(path: Path) -> Iterator[Path]:
    """Where to write a file, which gets its name when the block ends; raises CannotExportError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except OSError as exc:
        raise CannotExportError(f"cannot write {path}: {exc.strerror or exc}") from exc
    finally:
        part.unlink(missing_ok=True)
