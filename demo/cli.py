"""`cairn demo`: a broker, a reconstructor, a page server and one rig on this machine, from photograph to page."""

import asyncio
import json
import os
import shlex
import signal
import socket
import webbrowser
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from admin.programs import Program, keep_accounts, keep_broker
from broker.accounts.invitation_secret import Link
from broker.accounts.keeper import SOCKET_NAME
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.images.folders import list_folder
from broker.logs import LogLevel, configure
from broker.mosquitto import Mosquitto, free_port
from demo.plan import RIG, DemoPlan
from demo.progress import DemoProgress, watch
from demo.report import Report, counted
from demo.show import Show
from demo.trial import try_to_load

app = typer.Typer(add_completion=False)

USUAL_PORT: Final = 8080
SIMULATED_COUNT: Final = 24
_TICK_S: Final = 0.25
_PAGE_TICKS: Final = 80


class BadDemoError(CairnError):
    """The demo cannot begin like this."""

    code = "bad_demo"
    remedy = "Correct the argument that the message names."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person at the terminal asked for besides the plan."""

    has_browser: bool
    is_ending_when_done: bool
    report: Path | None


@app.command()
def demo(
    photos: Annotated[Path | None, typer.Option(help="A folder of photographs; without it a rig is simulated.")] = None,
    project: Annotated[str, typer.Option(help="The project's name.")] = "demo",
    interval: Annotated[float, typer.Option(min=0.0, help="Seconds between two photographs.")] = 3.0,
    host: Annotated[
        str, typer.Option(help="Address of the page; 0.0.0.0: phones and laptops of this network reach it, too.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The page's port; 0: 8080 if free, else another.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the page.")] = False,
    exit_when_done: Annotated[
        bool, typer.Option("--exit-when-done", help="End when every photograph is through.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write the figures as JSON to this file.")] = None,
    black_box: Annotated[
        str | None, typer.Option(help="What reconstructs instead of the built-in: package.module:function.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Where everything is kept; an earlier folder goes on.")] = None,
) -> None:
    """Show the whole path on this machine; Ctrl-C stops everything in order."""
    configure(level=LogLevel.WARNING)
    if photos is not None and not photos.is_dir():
        raise BadDemoError(f"{photos} is not a folder: give --photos a folder of JPEG or PNG files")
    if photos is not None and not list_folder(photos).photographs:
        raise BadDemoError(f"{photos} holds no photograph: give --photos a folder of JPEG or PNG files")
    plan = DemoPlan(
        data_dir=(data or Path("data") / f"demo-{datetime.now(UTC):%Y%m%d-%H%M%S}").resolve(),
        project=ProjectId(project),
        page_port=port or (USUAL_PORT if _is_free(USUAL_PORT) else free_port()),
        mqtt_port=free_port(),
        interval_s=interval,
        page_host=host,
        photos=photos.resolve() if photos else None,
        black_box=black_box,
    )
    if black_box is not None:
        asyncio.run(try_to_load(black_box))
    wishes = Wishes(has_browser=not no_browser, is_ending_when_done=exit_when_done, report=report)
    is_complete = asyncio.run(run(plan, wishes))
    raise typer.Exit(0 if is_complete or not exit_when_done else 1)


async def run(plan: DemoPlan, wishes: Wishes) -> bool:
    """Run until Ctrl-C or, if wished, until all is done; whether every photograph is stored and was processed."""
    show, progress = Show(), DemoProgress()
    plan.open_accounts()
    broker = Mosquitto(plan.broker, plan.book.accounts())
    programs = _programs(plan)
    await asyncio.to_thread(broker.start)
    stop = _stop_on_signal()
    try:
        with plan.keeper.listening():
            link = plan.invite()
            _greet(plan, show, link)
            is_done = await _until_end(plan, wishes, (broker, programs, progress, show), stop, link)
    finally:
        for program in reversed(programs):
            await program.stop()
        await asyncio.to_thread(broker.stop)
    report = Report.build(progress, sum(program.restart_count for program in programs))
    if wishes.report is not None:
        report.write(wishes.report)
    _farewell(plan, wishes, report, show, progress)
    return is_done and report.is_complete


async def _until_end(
    plan: DemoPlan,
    wishes: Wishes,
    parts: tuple[Mosquitto, list[Program], DemoProgress, Show],
    stop: asyncio.Event,
    link: Link,
) -> bool:
    broker, programs, progress, show = parts
    rig = programs[-1]
    is_done, rig_ended_at = False, None
    try:
        async with asyncio.TaskGroup() as tasks:
            kept = [tasks.create_task(each.keep_running(), name=each.name) for each in programs]
            kept.append(tasks.create_task(keep_broker(broker), name="broker"))
            kept.append(tasks.create_task(keep_accounts(broker, plan.book), name="accounts"))
            follower = watch(plan.connection("ops"), plan.project, progress, lambda: show.update(progress.line))
            kept.append(tasks.create_task(follower, name="watch"))
            if wishes.has_browser:
                await _open_page(plan, link)
            while not stop.is_set() and not (is_done and wishes.is_ending_when_done):
                await asyncio.sleep(_TICK_S)
                rig_ended_at = (rig_ended_at or datetime.now(UTC)) if rig.is_done else None
                is_done = rig_ended_at is not None and progress.is_settled_since(rig_ended_at)
            for task in kept:
                task.cancel()
    except ExceptionGroup as group:  # after `except*`, Python 3.11.2 would raise a group again
        ours, others = group.split(CairnError)
        if ours is None or others is not None:
            raise
        raise ours.exceptions[0] from None
    return is_done


def _programs(plan: DemoPlan) -> list[Program]:
    logs = plan.data_dir / "logs"
    reconstructor = plan.environment(
        "CAIRN_RECONSTRUCTOR",
        "reconstructor",
        PROJECTS=json.dumps([plan.project]),
        DATA_DIR=plan.data_dir / "reconstructor",
        EXPORT_DIR=plan.data_dir / "exports",
        STATISTICS_INTERVAL_S=1,
        **({"BLACK_BOX": plan.black_box} if plan.black_box is not None else {}),
    )
    page = plan.environment(
        "CAIRN_VIEW",
        "page",
        PROJECTS=json.dumps([plan.project]),
        HOST=plan.page_host,
        PORT=plan.page_port,
        KEEPER_SOCKET=plan.broker.data_dir / SOCKET_NAME,
        EXPORT_DIR=plan.data_dir / "exports",
    )
    rig = plan.environment("CAIRN_EDGE", RIG, PROJECT=plan.project, AGENT=RIG, **_camera(plan))
    return [
        Program(name="reconstructor", words=("reconstructor", "run"), environment=reconstructor, log_dir=logs),
        Program(name="page", words=("view", "serve"), environment=page, log_dir=logs),
        Program(name="rig", words=("edge", "run"), environment=rig, log_dir=logs, may_end=True),
    ]


def _camera(plan: DemoPlan) -> dict[str, object]:
    shared = {"SPOOL_DIR": plan.data_dir / "rig", "INTERVAL_S": plan.interval_s, "HEALTH_INTERVAL_S": 1.0}
    if plan.photos is None:
        return {**shared, "CAMERA": "simulated", "COUNT": SIMULATED_COUNT}
    return {**shared, "CAMERA": "folder", "FOLDER": plan.photos}


async def _open_page(plan: DemoPlan, link: Link) -> None:
    for _ in range(_PAGE_TICKS):
        if not _is_free(plan.page_port, plan.page_host):
            break
        await asyncio.sleep(_TICK_S)
    await asyncio.to_thread(webbrowser.open, str(link))


def _greet(plan: DemoPlan, show: Show, link: Link) -> None:
    what = f"photographs of {plan.photos}" if plan.photos else f"{SIMULATED_COUNT} photographs of a simulated rig"
    options = os.path.relpath(plan.write_watching_options())
    show.say(f"cairn demo: {what}, project {plan.project!r}")
    show.say(f"  page   {link}")
    show.say(f"  watch  XDG_CONFIG_HOME={shlex.quote(options)} mosquitto_sub -v -t 'cairn/v1/{plan.project}/event/#'")
    show.say(f"  files  {plan.data_dir} (logs in logs/)")
    if plan.page_host == "127.0.0.1":
        show.say("  phones of this network can open the page, too, with --host 0.0.0.0")


def _farewell(plan: DemoPlan, wishes: Wishes, report: Report, show: Show, progress: DemoProgress) -> None:
    show.end(progress.line)
    show.say(
        f"Demo ended: {report.verdict}; {report.placed} placed, {counted(report.refetches, 'refetch', 'refetches')}, "
        f"{counted(len(report.errors), 'error', 'errors')}."
    )
    for error in report.errors[:5]:
        show.say(f"  error {error}")
    show.say(f"Everything is in {plan.data_dir}" + (f", the report in {wishes.report}" if wishes.report else ""))


def _stop_on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
