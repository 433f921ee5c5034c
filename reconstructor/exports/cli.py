"""`cairn export`: a reconstruction in the formats of other programs."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from broker.config import BadSettingsError
from broker.ids import ExportFormat
from broker.logs import LogLevel, configure
from reconstructor.config import Settings
from reconstructor.exports.origins import find_origin

_FORMAT_BY_SUFFIX = {
    ".ply": ExportFormat.PLY,
    ".laz": ExportFormat.LAZ,
    ".glb": ExportFormat.GLTF,
    ".e57": ExportFormat.E57,
    ".zip": ExportFormat.COLMAP,
    "": ExportFormat.COLMAP,
    ".html": ExportFormat.REPORT,
}

_MOST_NAMED = 5

app = typer.Typer(add_completion=False)


@app.command()
def export(
    what: Annotated[str, typer.Argument(metavar="PROJECT|FOLDER", help="A project, or a folder that a replay wrote.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write; for colmap a folder or a .zip.")],
    form: Annotated[ExportFormat | None, typer.Option("--format", "-f", help="Default: by OUT's ending.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="The reconstructor's folder.")] = None,
    names: Annotated[bool, typer.Option(help="Say who took which photograph and left which measure.")] = True,
) -> None:
    """Write a reconstruction as COLMAP model, PLY (normals, confidence), LAZ, glTF or E57 in metres if known, or a report."""
    configure(level=LogLevel.WARNING)
    chosen = form or _FORMAT_BY_SUFFIX.get(out.suffix.lower())
    if chosen is None:
        raise BadSettingsError(f"{out.name!r} ends like no format: give --format {'|'.join(ExportFormat)}")
    origin = find_origin(what, Settings.load(data_dir=data).data_dir)
    from reconstructor.exports.exporting import export_to  # noqa: PLC0415 - a mistake is found without the engine

    with _bar() as report:
        exported = export_to(origin, chosen, out, report, has_names=names)
    if exported.previews:
        said = "these are previews, export again when their originals are there"
        print(f"{said}: {_named(exported.previews)}", file=sys.stderr)
    if exported.missing:
        said = f"photographs whose files are gone are not in it, {len(exported.missing)} in all"
        print(f"{said}: {_named(exported.missing)}", file=sys.stderr)
    print(f"{out}\t{exported.point_count} points\t{exported.unit}")


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr when that is a terminal; gives what to call with a stage and so many of so many."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("reading", total=None)
        yield lambda stage, done, total: progress.update(bar, description=stage, completed=done, total=total)
