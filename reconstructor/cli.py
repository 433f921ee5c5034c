"""`cairn reconstructor …`: run the service, or look at what it stored."""

from pathlib import Path
from typing import Annotated

import typer

from broker.config import BadSettingsError
from broker.files import keep_private
from broker.logs import LogLevel, configure
from broker.options import BrokerHost, BrokerPort, LogLevelOption, PasswordFile, User, broker_flags
from reconstructor.config import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Store photographs, reconstruct, publish shards.")

Projects = Annotated[list[str] | None, typer.Option("--project", help="A project to serve; repeat for more.")]
DataDir = Annotated[Path | None, typer.Option("--data", help="Folder of images and reference sets.")]
BlackBoxName = Annotated[str | None, typer.Option(help="What reconstructs: package.module:function.")]


@app.command()
def run(
    project: Projects = None,
    data: DataDir = None,
    black_box: BlackBoxName = None,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
    log_level: LogLevelOption = LogLevel.INFO,
) -> None:
    """Serve projects until Ctrl-C."""
    from reconstructor.service import projects_of  # noqa: PLC0415 - `--help` needs no numerics
    from reconstructor.service import run as run_service  # noqa: PLC0415 - likewise

    keep_private()
    configure(level=log_level)
    connection = broker_flags(broker, broker_port, user, password_file)

    def read() -> Settings:
        return Settings.load(projects=project or None, data_dir=data, black_box=black_box, broker=connection)

    run_service(read(), lambda: projects_of(read()))


@app.command()
def replay(
    photos: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of photographs.")],
    out: Annotated[Path, typer.Option(help="Folder for cloud.ply, cameras.json, colmap/ and report.json.")],
    intrinsics: Annotated[str | None, typer.Option(help="fx,fy,cx,cy in pixels, for all photographs.")] = None,
    order: Annotated[str, typer.Option(help="name, time or shuffle:SEED.")] = "name",
    refetch_every: Annotated[
        int, typer.Option(min=1, help="After how many images everything is reconstructed again, 1 or more.")
    ] = 10,
    final_refetch: Annotated[bool, typer.Option(help="End with one last refetch.")] = True,
    black_box: Annotated[
        str | None, typer.Option(help="Use this function, package.module:function, under the service's limits.")
    ] = None,
) -> None:
    """Reconstruct a folder of photographs without a broker; prints a report in JSON, exit 1 when files were left out."""
    from reconstructor.replay import command  # noqa: PLC0415 - `--help` needs no engine

    if black_box is None:
        configure(level=LogLevel.WARNING)
        report = command.replay_folder(
            photos,
            out,
            intrinsics=intrinsics,
            order=order,
            refetch_every=refetch_every,
            has_final_refetch=final_refetch,
        )
        print(report.model_dump_json())
        raise typer.Exit(1 if report.left_out else 0)
    if intrinsics is not None:
        raise BadSettingsError("--intrinsics belongs to the built-in engine: leave it out beside --black-box")
    configure()  # shows what the function prints
    foreign = command.replay_folder_with(
        Settings.load(black_box=black_box),
        photos,
        out,
        order=order,
        refetch_every=refetch_every,
        has_final_refetch=final_refetch,
    )
    print(foreign.model_dump_json())
    raise typer.Exit(1 if foreign.refused or foreign.left_out else 0)


@app.command()
def status(project: Projects = None, data: DataDir = None) -> None:
    """Print what is stored, as one line of JSON for each project; also while the service runs."""
    from reconstructor.storage.status import read_status  # noqa: PLC0415 - likewise

    settings = Settings.load(projects=project or None, data_dir=data)
    for each in settings.projects:
        print(read_status(settings.data_dir / each, each).model_dump_json())


@app.command()
def adopt(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project to take over.")],
    data: DataDir = None,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Make a project this data folder's, which another reconstructor published; that one steps back."""
    from reconstructor.adoption import adopt_project  # noqa: PLC0415 - likewise

    keep_private()
    configure(level=LogLevel.ERROR)
    connection = broker_flags(broker, broker_port, user, password_file)
    settings = Settings.load(projects=[project], data_dir=data, broker=connection)
    print(adopt_project(settings, settings.projects[0]))


@app.command()
def advise(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="A project that is stored here.")],
    data: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON with the places' poses.")] = False,
) -> None:
    """Say where to stand next: at most three places, from what the photographs cover; also while the service runs."""
    from reconstructor.exports.coverage_report import report_coverage  # noqa: PLC0415 - `--help` needs no numerics
    from reconstructor.exports.origins import find_origin  # noqa: PLC0415 - likewise

    configure(level=LogLevel.WARNING)
    report = report_coverage(find_origin(project, Settings.load(data_dir=data).data_dir))
    print(report.to_json() if as_json else "\n".join(report.sentences))
