"""How are files uploaded by hand? By the agent's uploader over an outbox of named files, with a progress bar."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from broker.delivery import Delivery
from broker.errors import CairnError
from broker.ids import fresh_client_id
from broker.images.folders import LeftOut, sound_photographs
from broker.messages import ReconstructorPresence
from broker.printable import printable
from edge_agent import held
from edge_agent.config import Settings
from edge_agent.membership import check_membership, describe_reconstructor, read_reconstructor
from edge_agent.spool.index import SpooledImage, SpoolState
from edge_agent.uplink.outbox import NamedFiles, NotAPhotographError
from edge_agent.uplink.rate import Window
from edge_agent.uplink.uploader import Uploader, subscriptions

CONNECT_TIMEOUT_S: Final = 10.0


class NothingToUploadError(CairnError):
    """An upload without a file."""

    code = "nothing_to_upload"
    remedy = "Name at least one file or folder."


async def send_files(settings: Settings, files: Sequence[Path]) -> bool:
    """Send every file, and every photograph of a folder; whether all are stored now. What is not is reported in a line.

    Raises:
        CairnError: a file cannot be read, or the broker refuses the account.
    """
    photographs, left_out = await asyncio.to_thread(_with_folders, files)
    if not photographs:
        raise NothingToUploadError("name at least one photograph, or a folder that holds some")
    project, name = settings.named()
    outbox = await asyncio.to_thread(NamedFiles, photographs, name)
    console = Console(stderr=True)

    def connect() -> Delivery:
        return Delivery(
            settings.broker,
            client_id=fresh_client_id("edge-files", name),  # another than the running agent's: both may work at once
            subscriptions=subscriptions(settings.broker.space, project, name),
            session_expiry_s=0,
        )

    async with connect() as probe:  # reports a wrong account now: an uploader would wait for ops to correct it
        await probe.wait_connected(CONNECT_TIMEOUT_S, is_patient=False)
        await check_membership(probe, settings)
    for sentence in await asyncio.to_thread(held.sentences, settings):
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    state = await read_reconstructor(settings)
    if state is None or state.presence is not ReconstructorPresence.READY:
        words = f"{describe_reconstructor(state)} Waiting for it; Ctrl-C ends."
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    with _bar(console) as bar:
        task = bar.add_task("uploading", total=sum(image.size_bytes for image in outbox.images.values()))
        uploader = Uploader(
            connect,
            outbox,
            space=settings.broker.space,
            project=project,
            sender=name,
            window=Window.of(settings),
            keepalive_s=settings.broker.keepalive_s,
            settled=lambda image: _advance(bar, task, image),
        )
        await uploader.run(is_last=lambda: True)
    for each in left_out:
        console.print(f"left out {printable(each.sentence)}", markup=False, highlight=False, soft_wrap=True)
    return _tell(console, outbox) and not left_out


def _with_folders(paths: Sequence[Path]) -> tuple[list[Path], list[LeftOut]]:
    """Files as they are, and what folders hold; raises for what is not there or cannot be listed."""
    photographs, left_out = list[Path](), list[LeftOut]()
    for path in paths:
        if not path.exists():
            raise NotAPhotographError(f"cannot read {path}: there is no such file")
        if not path.is_dir():
            photographs.append(path)
            continue
        try:
            contents = sound_photographs(path)
        except OSError as exc:
            raise NothingToUploadError(f"{path} cannot be listed: {exc.strerror}") from exc
        photographs += contents.photographs
        left_out += contents.left_out
    return photographs, left_out


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _advance(bar: Progress, task: TaskID, image: SpooledImage) -> None:
    bar.advance(task, image.size_bytes)


def _tell(console: Console, outbox: NamedFiles) -> bool:
    images = list(outbox.images.values())
    for image in images:
        if image.state is not SpoolState.STORED:
            console.print(f"{image.file_name}: {image.state}: {image.reason or 'no reason given'}", markup=False)
    stored_count = sum(image.state is SpoolState.STORED for image in images)
    console.print(f"{stored_count} of {len(images)} stored", highlight=False)
    return stored_count == len(images)
