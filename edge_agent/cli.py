"""How is a rig operated? By `cairn edge`: run the agent, upload files, check, join, calibrate."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_core import to_json

from broker.config import settings_file
from broker.errors import CairnError
from broker.files import keep_private
from broker.logs import LogLevel, configure
from broker.memory import return_large_blocks
from broker.options import BrokerHost, BrokerPort, LogLevelOption, PasswordFile, User, broker_flags
from broker.service.install import sudo_line
from edge_agent import agent, calibrate, doctor, held, join, service, status, upload
from edge_agent.capture.calibration import LEAST_IMAGES
from edge_agent.config import CameraKind, Settings
from edge_agent.rig_table import Former, RigTable

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The agent on a camera rig.")
spool_app = typer.Typer(no_args_is_help=True, help="Photographs that wait for another project or broker.")
app.add_typer(spool_app, name="spool")

Project = Annotated[str | None, typer.Option("--project", help="The project that this rig captures.")]
Name = Annotated[str | None, typer.Option("--agent", help="This rig's name, rig-…; default: the broker's user.")]
DataDir = Annotated[Path | None, typer.Option("--data", help="The rig's folder: photographs without receipt.")]

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As `cairn edge spool list` shows it.")]

Camera = Annotated[CameraKind | None, typer.Option("--camera", help="This rig's camera.", show_default=False)]
Photos = Annotated[Path | None, typer.Option("--photos", help="The folder of the cameras 'folder' and 'watch'.")]


@app.command()
def run(
    project: Project = None,
    name: Name = None,
    data: DataDir = None,
    camera: Camera = None,
    photos: Photos = None,
    interval: Annotated[float | None, typer.Option(min=0.0, help="Seconds between two photographs, 0 or more.")] = None,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
    log_level: LogLevelOption = LogLevel.INFO,
) -> None:
    """Photograph and upload until stopped, or until a fixed set has all its receipts; exit 1 when files were left out."""
    keep_private()
    configure(level=log_level)
    settings = load(
        project=project,
        agent=name,
        spool_dir=data,
        camera=camera,
        folder=photos,
        interval_s=interval,
        broker=broker_flags(broker, broker_port, user, password_file),
    )
    return_large_blocks()
    left_out = asyncio.run(_until_stopped(settings))
    if left_out:
        sys.stderr.write("".join(f"left out {each}\n" for each in left_out) + f"{len(left_out)} files were left out\n")
        raise typer.Exit(1)


@app.command("upload")
def upload_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Photographs (JPEG, PNG, WebP or TIFF), and folders of them.")
    ],
    project: Project = None,
    name: Name = None,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Send files and wait for the receipt of each; exit 0 only when every one is stored."""
    keep_private()
    configure(level=LogLevel.ERROR)
    settings = load(project=project, agent=name, broker=broker_flags(broker, broker_port, user, password_file))
    return_large_blocks()
    is_complete = asyncio.run(upload.send_files(settings, files))
    raise typer.Exit(0 if is_complete else 1)


@app.command("status")
def show_status(
    project: Project = None,
    name: Name = None,
    data: DataDir = None,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show the spool and the connection."""
    configure(level=LogLevel.ERROR)
    connection = broker_flags(broker, broker_port, user, password_file)
    found = asyncio.run(status.read_status(load(project=project, agent=name, spool_dir=data, broker=connection)))
    print(to_json(found).decode() if as_json else found.text())


@spool_app.command("list")
def list_spool(project: Project = None, name: Name = None, data: DataDir = None) -> None:
    """Show what waits for whom; held photographs have a number."""
    configure(level=LogLevel.ERROR)
    print("\n".join(held.lines(load(project=project, agent=name, spool_dir=data))))


@spool_app.command("send")
def send_held(number: Number, project: Project = None, name: Name = None, data: DataDir = None) -> None:
    """Let held photographs wait for the project of the settings; the agent must be stopped."""
    keep_private()
    configure(level=LogLevel.ERROR)
    settings = load(project=project, agent=name, spool_dir=data)
    count = held.send_here(settings, number)
    sys.stderr.write(f"{count} photographs wait for project {settings.project} now; `cairn edge run` sends them\n")


@spool_app.command("export")
def export_held(
    number: Number,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to copy them to.")],
    project: Project = None,
    name: Name = None,
    data: DataDir = None,
    is_removed: Annotated[
        bool, typer.Option("--remove", help="Delete them here after all are copied; the agent must be stopped.")
    ] = False,
) -> None:
    """Copy held photographs into a folder."""
    keep_private()
    configure(level=LogLevel.ERROR)
    settings = load(project=project, agent=name, spool_dir=data)
    count = held.export(settings, number, folder, is_removed=is_removed)
    where = "and removed from the spool" if is_removed else "and still in the spool"
    sys.stderr.write(f"{count} photographs are in {folder} {where}\n")


@app.command("doctor")
def examine(
    project: Project = None,
    name: Name = None,
    data: DataDir = None,
    camera: Camera = None,
    photos: Photos = None,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Check camera, disk, clock, broker and permissions, with remedies; exit 1 when something is wrong."""
    configure(level=LogLevel.ERROR)
    settings = load(
        project=project,
        agent=name,
        spool_dir=data,
        camera=camera,
        folder=photos,
        broker=broker_flags(broker, broker_port, user, password_file),
    )
    raise typer.Exit(0 if asyncio.run(_examine(settings)) else 1)


@app.command("join")
def join_project(
    link: Annotated[str, typer.Argument(metavar="LINK", help="The link of an invitation, in quotes.")],
    settings: Annotated[Path, typer.Option("--settings", help="The settings file to write to.")] = Path("cairn.toml"),
    camera: Camera = None,
    photos: Photos = None,
    is_again: Annotated[
        bool, typer.Option("--again", help="Replace the rig that the settings file has; its other settings stay.")
    ] = False,
    is_service: Annotated[
        bool, typer.Option("--service", help="Install and start its systemd unit, too; needs root, else it says how.")
    ] = False,
) -> None:
    """Make this machine a rig of a project: redeem an invitation, write settings and password, try the account."""
    if is_service:
        _need_root()
    configure(level=LogLevel.ERROR)

    def tell(former: Former) -> None:
        sys.stderr.write("".join(f"{each}\n" for each in former.sentences(settings)))

    joined = asyncio.run(join.join(link, settings, camera, photos, is_again=is_again, tell=tell))
    sys.stderr.write(f"{joined.agent} is in project {joined.project}; settings are in {settings}\n")
    known = load(project=joined.project, agent=joined.agent, broker=joined.broker_flags(settings))
    sys.stderr.write("".join(f"{sentence}\n" for sentence in held.sentences(known)))
    sys.stderr.write("".join(f"{each}\n" for each in RigTable.read(settings).wishes()))
    if is_service:
        _install(settings)
    else:
        sys.stderr.write("check it with `cairn edge doctor`, start it with `cairn edge run`\n")


@app.command("service")
def run_as_service(
    settings: Annotated[Path | None, typer.Option("--settings", help="The settings file of the rig.")] = None,
) -> None:
    """Install and start the systemd unit of a rig that has joined; again after its folders were changed. Needs root."""
    _need_root()
    _install(settings or settings_file() or Path("cairn.toml"))


def _need_root() -> None:
    if (line := sudo_line()) is not None:
        print(line)
        raise typer.Exit(1)


def _install(settings: Path) -> None:
    unit = service.install_rig(settings)
    sys.stderr.write(f"{unit} runs: systemctl status {unit}; its log: journalctl -u {unit}\n")


@app.command("calibrate")
def calibrate_lens(
    matrix: Annotated[
        str | None, typer.Option("--matrix", help="fx,fy,cx,cy in pixels; default: the refined ones.")
    ] = None,
    distortion: Annotated[str | None, typer.Option("--distortion", help="k1,k2,p1,p2 as OpenCV has them.")] = None,
    size: Annotated[
        str | None, typer.Option("--size", help="WIDTHxHEIGHT of the photographs that the matrix is for.")
    ] = None,
    opencv: Annotated[Path | None, typer.Option("--opencv", help="Or OpenCV's calibration, a JSON file.")] = None,
    sensor: Annotated[
        str | None, typer.Option("--sensor", help="Name in the sensor table; default: the model in EXIF.")
    ] = None,
    least: Annotated[
        int, typer.Option("--least", min=1, help="Number of placed photographs that are needed, 1 or more.")
    ] = LEAST_IMAGES,
    data: DataDir = None,
    settings_path: Annotated[
        Path | None, typer.Option("--settings", help="The settings file to write to; default: the one in use.")
    ] = None,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Show the calibration, write nothing.")] = False,
) -> None:
    """Adopt the lens that the reconstructor refined, or a given one, and show how well it fits."""
    configure(level=LogLevel.ERROR)
    settings, place = load(spool_dir=data), settings_path or settings_file() or Path("cairn.toml")
    if matrix is None and opencv is None:
        found = asyncio.run(calibrate.refined(settings, least_images=least, sensor=sensor))
    else:
        given = calibrate.read_opencv(opencv) if opencv else calibrate.read_numbers(matrix or "", distortion, size)
        found = asyncio.run(calibrate.given(settings, given, sensor=sensor))
    print("\n".join(found.lines()))
    if not is_dry:
        calibrate.write(found.calibration, place)
        sys.stderr.write(f"written to {place}: from the agent's next start on it is in the EXIF of photographs\n")


async def _examine(settings: Settings) -> bool:
    is_fine = True
    async for finding in doctor.examine(settings):
        print(finding.line(), flush=True)
        is_fine &= finding.is_fine
    return is_fine


def load(**flags: Any) -> Settings:
    """Load settings from flags, environment and file; raise what `Settings.load` raises."""
    return Settings.load(**flags)


async def _until_stopped(settings: Settings) -> tuple[str, ...]:
    """Run the agent; what a fixed set left out when it came to its end, nothing when the agent was stopped."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    left_out = await agent.run(settings, stop)
    return () if stop.is_set() else left_out


if __name__ == "__main__":
    try:
        app()
    except CairnError as exc:
        sys.exit(f"cairn edge: {exc.sentence}")
