"""`cairn view …`: the page server and the command-line viewer."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from broker.files import keep_private
from broker.ids import ProjectId, Verb
from broker.logs import LogLevel, configure
from broker.manifest import Manifest
from broker.messages import Response
from broker.options import BrokerHost, BrokerPort, LogLevelOption, PasswordFile, User, broker_flags
from viewer.config import Settings

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False)

Project = Annotated[str, typer.Option("--project", "-p", metavar="PROJECT", help="The project to look at.")]


@app.callback()
def quiet() -> None:
    """The page server and the command-line viewer."""
    configure(level=LogLevel.ERROR)  # a person reads what the commands print; the page server tells more


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0: every network.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to listen on; 0: a free one.")] = None,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
    log_level: LogLevelOption = LogLevel.INFO,
) -> None:
    """Serve the page and the relay until Ctrl-C; prints the address."""
    from viewer import server  # noqa: PLC0415 - aiohttp takes a third of a second that other commands need not wait

    keep_private()
    configure(level=log_level)

    def read() -> Settings:
        return settings_of(broker, broker_port, user, password_file, host=host, port=port)

    _run(server.serve(read(), lambda address: print(address, flush=True), lambda: read().projects))


@app.command()
def watch(
    project: Project,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
    count: Annotated[int | None, typer.Option(help="End after so many lines.")] = None,
) -> None:
    """Print one line for every event, manifest and change of state."""
    from viewer import watch as watching  # noqa: PLC0415 - the function bears the command's name

    async def follow() -> None:
        left = count
        async for message in watching.watch(connection, ProjectId(project)):
            print(watching.describe(message), flush=True)
            left = None if left is None else left - 1
            if left == 0:
                return

    connection = settings_of(broker, broker_port, user, password_file).broker
    _run(follow())


@app.command()
def pull(
    project: Project,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file; default PROJECT.ply.")] = None,
    page: Annotated[
        str | None, typer.Option(metavar="URL", help="Get shards by HTTP from this page server, the rest over MQTT.")
    ] = None,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Write the present cloud as one PLY; prints the file, its points and its generation.

    Photographs that fit each other but not the rest form a further part, which is a file of its own beside it, such as
    chapel-component-1.ply.
    """
    from viewer.export import write_ply  # noqa: PLC0415 - numpy
    from viewer.shards.by_http import page_of, shards_by_http  # noqa: PLC0415 - aiohttp

    name = ProjectId(project)
    path = out or Path(f"{name}.ply")
    settings = settings_of(broker, broker_port, user, password_file, **({"page_url": page} if page else {}))
    address = page_of(settings.broker, settings.page_url)

    async def write() -> Manifest:
        if address is None:
            return await write_ply(settings.broker, name, path, tell)
        async with shards_by_http(address, settings.broker, name, settings.authority) as get:
            return await write_ply(settings.broker, name, path, tell, by_http=get)

    with _progress("points") as tell:
        manifest = _run(write())
    print(f"{path}\t{manifest.point_count} points\tgeneration {manifest.generation}.{manifest.revision}")


@app.command()
def measures(
    project: Project,
    as_geojson: Annotated[
        bool, typer.Option("--geojson/--csv", help="GeoJSON in local coordinates, or one line each.")
    ] = False,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Print the measures and notes that people left, as CSV or GeoJSON; in metres once a scale is set."""
    from broker.annotations.tables import csv_of, geojson_of  # noqa: PLC0415 - start-up time
    from viewer.annotations.listing import read_annotations  # noqa: PLC0415 - start-up time

    name = ProjectId(project)
    connection = settings_of(broker, broker_port, user, password_file).broker
    frame, left = _run(read_annotations(connection, name))
    print(geojson_of(left, frame, name) if as_geojson else csv_of(left, frame), end="")


@app.command()
def upload(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Photographs: JPEG, PNG, WebP or TIFF.")],
    project: Project,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
    timeout_s: Annotated[
        float, typer.Option("--timeout", help="Longest silence of broker or reconstructor, seconds.")
    ] = 120.0,
) -> None:
    """Upload photographs as a contributor and wait until each is stored; exit code 1 when one is not.

    Over a slow link small previews go first, from which photographs are placed before they have arrived.
    """
    from viewer.uploading.photographs import Uploaded  # noqa: PLC0415 - start-up time
    from viewer.uploads import upload_files  # noqa: PLC0415 - only this command publishes

    def told(uploaded: Uploaded) -> None:
        done.extend([uploaded] if uploaded.is_over else [])
        tell(len(done), len(files))
        receipt = uploaded.receipt
        word = "failed" if receipt is None else receipt.status if receipt.retry_at is None else "waiting"
        print("\t".join(filter(None, [str(uploaded.path), word, uploaded.sentence])), flush=True)

    done: list[Uploaded] = []
    connection = settings_of(broker, broker_port, user, password_file).broker
    with _progress("images") as tell:
        _run(upload_files(connection, ProjectId(project), files, timeout_s, told))
    if not all(uploaded.is_safe for uploaded in done):
        raise typer.Exit(1)


@app.command()
def resync(
    project: Project,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Ask the reconstructor to publish again what the broker may have lost; prints how many messages it was."""
    response = _ask(Verb.RESYNC, project, settings_of(broker, broker_port, user, password_file))
    print(f"{response.republished_count} messages published again")


@app.command()
def refetch(
    project: Project,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Have everything reconstructed again from all images, as an operator."""
    _ask(Verb.REFETCH, project, settings_of(broker, broker_port, user, password_file))
    print(f"{project} is reconstructed again as soon as the work before it is done")


@app.command()
def pause(
    project: Project,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Pause the reconstruction for everybody, as an operator; images are stored meanwhile."""
    _ask(Verb.PAUSE, project, settings_of(broker, broker_port, user, password_file))
    print(f"{project} is paused: new images are stored and wait for cairn view resume")


@app.command()
def resume(
    project: Project,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Go on after a pause, as an operator."""
    _ask(Verb.RESUME, project, settings_of(broker, broker_port, user, password_file))
    print(f"{project} goes on")


@app.command()
def ping(
    project: Project,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 4,
    interval_s: Annotated[float, typer.Option("--interval", help="Pause between two, seconds.")] = 0.5,
) -> None:
    """Measure the way to the reconstructor and back, through the broker."""
    from viewer import asking  # noqa: PLC0415 - start-up time

    async def measure() -> None:
        async for pong in asking.pings(connection, ProjectId(project), count, interval_s):
            print(pong, flush=True)

    connection = settings_of(broker, broker_port, user, password_file).broker
    _run(measure())


@app.command()
def elements(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write it; made when it is missing.")],
) -> None:
    """Write the npm package @cairn/viewer: elements that show point clouds on other pages; prints its files."""
    from viewer.pages import write_elements  # noqa: PLC0415 - start-up time

    for path in write_elements(folder):
        print(path)


@app.command()
def doctor(
    project: Project,
    url: Annotated[
        str | None, typer.Option(help="The WebSocket address; default: viewer.mqtt_url at the page server's port.")
    ] = None,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Measure the address that browsers use with a message of 1 MiB; exit code 1 when it is too slow."""
    from viewer.endpoint import endpoint_url, measure_endpoint  # noqa: PLC0415 - start-up time

    settings = settings_of(broker, broker_port, user, password_file)
    report = _run(measure_endpoint(url or endpoint_url(settings), settings.broker, ProjectId(project)))
    print(f"{report.found}\n{report.advice}")
    if not report.is_fast:
        raise typer.Exit(1)


def settings_of(
    broker: str | None, broker_port: int | None, user: str | None, password_file: Path | None, **flags: Any
) -> Settings:
    """Settings with the flags that were given on top."""
    return Settings.load(broker=broker_flags(broker, broker_port, user, password_file), **flags)


def _ask(verb: Verb, project: str, settings: Settings) -> Response:
    from viewer.asking import ask_once  # noqa: PLC0415 - start-up time

    return _run(ask_once(settings.broker, ProjectId(project), verb))


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; Ctrl-C and SIGTERM end it in order, as somebody wished."""

    async def until_told() -> T:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(until_told())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(0) from None


@contextlib.contextmanager
def _progress(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr when that is a terminal; gives what to call with so many of so many."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task(unit, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
