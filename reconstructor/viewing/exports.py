"""How does a person on the page get a file for another program? A child process makes it in a folder that the page serves."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from pydantic import ValidationError

from broker.errors import CairnError
from broker.ids import ExportFormat
from broker.messages import ExportedFile, Progress, Request
from reconstructor.context import Context
from reconstructor.executors.child import environment
from reconstructor.executors.output import Output
from reconstructor.exports.child import ANSWERS, Done, Order, Refusal
from reconstructor.exports.child import Progress as ChildProgress
from reconstructor.exports.folder import ExportFolder, ExportFolderError, Limits
from reconstructor.processes.memory import end_above

CLEAR_INTERVAL_S: Final = 600.0
_END_S: Final = 3.0  # in which the child removes what it wrote
_LINE_BYTES: Final = 64 * 1024
_SUFFIXES: Final = {ExportFormat.COLMAP: ".zip", ExportFormat.GLTF: ".glb", ExportFormat.REPORT: ".html"}


class ExportsOffError(CairnError):
    """No folder is set for what is exported from the page."""

    code = "exports_off"
    remedy = "Set reconstructor.export_dir and viewer.export_dir to one folder, as `cairn init` does."


class NoFormatError(CairnError):
    """A request for an export that names no format."""

    code = "no_format"
    remedy = "Say format: ply, laz, gltf, e57, colmap or report."


class ExportUnderWayError(CairnError):
    """A second export of one project."""

    code = "export_under_way"
    remedy = "Wait until the other export is ready, then ask again."


class ExportRefusedError(CairnError):
    """The export ended with a reason; its code is the one that the export's process gave, for example `no_e57`."""

    code = "export_refused"
    remedy = "Read the reason; `cairn export` on the reconstructor's machine tries the same."

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code = code


class ExportFailedError(CairnError):
    """The export's process ended without an answer, took too long or too much memory."""

    code = "export_failed"
    remedy = "Read the reconstructor's log; try `cairn export` on its machine."


def folder_of(context: Context) -> ExportFolder:
    """The project's exports; raises ExportsOffError."""
    if context.settings.export_dir is None:
        raise ExportsOffError("exports from the page are off here: reconstructor.export_dir is not set")
    return ExportFolder(path=context.settings.export_dir.absolute(), project=context.project)


async def export(context: Context, request: Request) -> ExportedFile:
    """Make the file that a request asks for, and publish how far it is.

    Raises:
        ExportsOffError, NoFormatError: it cannot begin.
        ExportRefusedError, ExportFailedError, ExportFolderError: there is no file.
    """
    form, folder = request.format, folder_of(context)
    if form is None:
        raise NoFormatError("the request names no format: say ply, laz, gltf, e57, colmap or report")
    with contextlib.ExitStack() as opened:
        reserve_bytes = context.settings.disk_reserve_bytes
        part = await asyncio.to_thread(opened.enter_context, folder.part(reserve_bytes))
        out = part / f"{context.project}{_SUFFIXES.get(form, f'.{form}')}"
        order = Order(store=context.store.folder.absolute(), form=form, out=out, has_names=request.has_names)
        done = await _make(context, order, request)
        size_bytes = await asyncio.to_thread(lambda: out.stat().st_size)
        name = await asyncio.to_thread(folder.finish, out, form)
    context.log.info("exported", format=form.value, file=name, bytes=size_bytes, points=done.point_count)
    await remove_old(context)
    return ExportedFile(name=name, size_bytes=size_bytes, point_count=done.point_count, is_metric=done.is_metric)


async def remove_unfinished(context: Context) -> None:
    """Remove what an earlier run left unfinished; before the first request, whose folder would go with it."""
    with contextlib.suppress(ExportsOffError, ExportFolderError):
        await asyncio.to_thread(folder_of(context).clean)


async def keep_few(context: Context) -> None:
    """Remove old exports again and again; never returns."""
    while True:
        with contextlib.suppress(ExportsOffError):
            await remove_old(context)
        await asyncio.sleep(CLEAR_INTERVAL_S)


async def remove_old(context: Context) -> None:
    """Remove exports beyond the limits; raises ExportsOffError."""
    settings = context.settings
    limits = Limits(
        count=settings.export_count_limit, size_bytes=settings.export_bytes_limit, keep_s=settings.export_keep_s
    )
    try:
        removed = await asyncio.to_thread(folder_of(context).remove_old, limits)
    except ExportFolderError as exc:
        context.log.warning("exports_not_removed", reason=exc.sentence)
        return
    for name in removed:
        context.log.info("export_removed", file=name)


async def _make(context: Context, order: Order, request: Request) -> Done:
    try:
        async with asyncio.timeout(context.settings.export_timeout_s), _running(context, order) as (process, output):
            limit_bytes = context.settings.memory_limit_bytes
            watching = asyncio.create_task(end_above(process, limit_bytes), name=f"{context.project}.export_memory")
            try:
                done = await _answer(context, process, request)
            finally:
                watching.cancel()
            if done is not None:
                await process.wait()  # before its pipe closes, upon which it would remove the file
                return done
            if watching.done() and not watching.cancelled():
                context.log.error("export_out_of_memory", pid=process.pid)
                raise ExportFailedError(f"the export took more than {limit_bytes >> 20} MiB of memory and was ended")
            await process.wait()
            raise ExportFailedError(f"the export ended by itself with status {process.returncode}; {output.last_words}")
    except TimeoutError as exc:
        raise ExportFailedError(f"the export took more than {context.settings.export_timeout_s:g} s") from exc


@asynccontextmanager
async def _running(context: Context, order: Order) -> AsyncIterator[tuple[Process, Output]]:
    """The process that makes the file; it ends with the block, and with this program."""
    read_end, write_end = os.pipe()
    try:
        with os.fdopen(write_end, "wb", buffering=0) as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "reconstructor.exports.child"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
                limit=_LINE_BYTES,
                cwd=order.out.parent,
                env=environment({}),
                start_new_session=True,
            )
    except OSError as exc:
        os.close(read_end)
        raise ExportFailedError(f"cannot start a process: {exc.strerror}") from exc
    output = Output(context.log.bind(pid=process.pid, work="export"))
    await output.follow(read_end)
    try:
        if process.stdin is not None:
            process.stdin.write(order.model_dump_json().encode() + b"\n")
        yield process, output
    finally:
        await asyncio.shield(_end(process))
        await output.drain()


async def _end(process: Process) -> None:
    """Close the pipe, upon which it removes what it wrote and ends; kill it if it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _answer(context: Context, process: Process, request: Request) -> Done | None:
    """Follow the answers to the last one; None when the process ended without it."""
    told_ratio, stage = 0.0, ""
    while process.stdout is not None:
        try:
            answer = ANSWERS.validate_json(await process.stdout.readuntil())
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValidationError):
            return None
        match answer:
            case Done():
                return answer
            case Refusal():
                context.log.warning("export_refused", code=answer.code, reason=answer.reason)
                raise ExportRefusedError(answer.reason, answer.code)
            case ChildProgress():
                if answer.stage == stage and answer.done_ratio <= told_ratio:
                    continue
                stage, told_ratio = answer.stage, answer.done_ratio
                event = Progress(
                    project=context.project, request_id=request.id, stage=stage, done_ratio=answer.done_ratio
                )
                await context.publish_event(event)
    return None
