"""`cairn reconstructor …`: run the service, or look at what it stored."""

from pathlib import Path
from typing import Annotated

import typer

from broker.logs import configure
from reconstructor.config import Settings

app = typer.Typer(no_args_is_help=True, help="Store photographs, reconstruct, publish shards.")

Projects = Annotated[list[str] | None, typer.Option("--project", help="A project to serve; repeat for more.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of images and reference sets.")]
BlackBoxName = Annotated[str | None, typer.Option(help="What reconstructs: package.module:function.")]
LogLevel = Annotated[str, typer.Option(help="debug, info, warning or error.")]


@app.command()
def run(
    project: Projects = None,
    data_dir: DataDir = None,
    black_box: BlackBoxName = None,
    log_level: LogLevel = "info",
) -> None:
    """Serve projects until Ctrl-C."""
    from reconstructor.service import run as run_service  # noqa: PLC0415 - `--help` needs no numerics

    configure(level=log_level)
    run_service(Settings.load(projects=project or None, data_dir=data_dir, black_box=black_box))


@app.command()
def replay(
    photos: Annotated[Path, typer.Argument(help="A folder of photographs.")],
    out: Annotated[Path, typer.Option(help="Folder for cloud.ply, cameras.json, colmap/ and report.json.")],
    intrinsics: Annotated[str | None, typer.Option(help="fx,fy,cx,cy in pixels, for all photographs.")] = None,
    order: Annotated[str, typer.Option(help="name, time or shuffle:SEED.")] = "name",
    refetch_every: Annotated[int, typer.Option(min=1, help="Every so many images everything is solved anew.")] = 10,
    final_refetch: Annotated[bool, typer.Option(help="End with one last refetch.")] = True,
) -> None:
    """Reconstruct a folder of photographs without a broker; prints the report as one line of JSON."""
    from reconstructor.replay.command import replay_folder  # noqa: PLC0415 - `--help` needs no engine

    configure(level="warning")
    report = replay_folder(
        photos, out, intrinsics=intrinsics, order=order, refetch_every=refetch_every, has_final_refetch=final_refetch
    )
    print(report.model_dump_json())


@app.command()
def status(project: Projects = None, data_dir: DataDir = None) -> None:
    """What is stored, as one line of JSON for each project; also while the service runs."""
    from reconstructor.storage.status import read_status  # noqa: PLC0415 - likewise

    settings = Settings.load(projects=project or None, data_dir=data_dir)
    for each in settings.projects:
        print(read_status(settings.data_dir / each, each).model_dump_json())
