"""`cairn export`: a reconstruction in the formats of other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from broker.config import BadSettingsError
from broker.logs import LogLevel, configure
from reconstructor.config import Settings


class Format(StrEnum):
    """The formats that can be written."""

    COLMAP = "colmap"
    PLY = "ply"
    LAZ = "laz"
    GLTF = "gltf"


_FORMAT_BY_SUFFIX = {".ply": Format.PLY, ".laz": Format.LAZ, ".glb": Format.GLTF, "": Format.COLMAP}

app = typer.Typer(add_completion=False)


@app.command()
def export(
    what: Annotated[str, typer.Argument(metavar="PROJECT|FOLDER", help="A project, or a folder that a replay wrote.")],
    out: Annotated[Path, typer.Argument(help="The file to write; for colmap a folder.")],
    form: Annotated[Format | None, typer.Option("--format", "-f", help="Default: by OUT's ending.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="The reconstructor's folder.")] = None,
) -> None:
    """Write a reconstruction as a COLMAP folder, PLY (normals, confidence), LAZ or glTF points, in metres if known."""
    from reconstructor.exports.exporting import export_to  # noqa: PLC0415 - `--help` needs no engine

    configure(level=LogLevel.WARNING)
    chosen = form or _FORMAT_BY_SUFFIX.get(out.suffix.lower())
    if chosen is None:
        raise BadSettingsError(f"{out.name!r} ends like no format: give --format {'|'.join(Format)}")
    exported = export_to(what, Settings.load(data_dir=data).data_dir, chosen.value, out)
    print(f"{out}\t{exported.point_count} points\t{exported.unit}")
