"""How does an exported file reach a browser? From the folder that the reconstructor writes, in ranges, with login or a ticket.

A browser saves a large file by following a link, and a link carries no password. So the page asks for a ticket with its
login, and puts that into the link: it opens one file for a short time.
"""

import asyncio
import contextlib
import os
import secrets
import stat
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from broker.errors import CairnError
from broker.ids import BadIdError, ExportFormat, ExportName, ProjectId
from viewer.admission import Guest
from viewer.answers import json_answer
from viewer.downloads import Download, Downloads
from viewer.network.addresses import network_of
from viewer.status import ProjectStatus

TICKET_S: Final = 600.0  # an interrupted download is resumed with the same link
MOST_TICKETS: Final = 1000
MOST_LISTED: Final = 200
_CHUNK_BYTES: Final = 256 * 1024
_TYPES: Final = {
    ExportFormat.GLTF: "model/gltf-binary",
    ExportFormat.COLMAP: "application/zip",
    ExportFormat.REPORT: "text/html; charset=utf-8",
}
_Find = Callable[[web.Request], Awaitable[tuple[Guest, ProjectStatus]]]
_Headers = Callable[[web.Request], Mapping[str, str]]


class ExportsUnreachableError(CairnError):
    """The page server cannot read the folder of exported files."""

    code = "exports_unreachable"
    remedy = "Set viewer.export_dir to reconstructor.export_dir, and let the page server's user read it (`cairn init`)."


class NoSuchExportError(CairnError):
    """There is no exported file of this name, or it was removed."""

    code = "no_such_export"
    remedy = "Take the name from the list; old files are removed: export again."


class ExportRow(BaseModel):
    """One file that can be fetched."""

    model_config = ConfigDict(frozen=True)

    name: str
    format: ExportFormat
    size_bytes: int
    made_at: datetime


class ExportList(BaseModel):
    """The exported files of a project, the newest first."""

    model_config = ConfigDict(frozen=True)

    exports: tuple[ExportRow, ...]


class Ticket(BaseModel):
    """What opens one file without a login."""

    model_config = ConfigDict(frozen=True)

    ticket: str
    lasts_s: float


class Tickets:
    """The tickets that are out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._out: OrderedDict[str, tuple[float, ExportName]] = OrderedDict()

    def make(self, name: ExportName) -> Ticket:
        """A new ticket for one file; above the limit the oldest ends."""
        ticket = secrets.token_urlsafe(24)
        self._out[ticket] = (self._clock() + TICKET_S, name)
        if len(self._out) > MOST_TICKETS:
            self._out.popitem(last=False)
        return Ticket(ticket=ticket, lasts_s=TICKET_S)

    def opens(self, ticket: str, name: ExportName) -> bool:
        """Whether this ticket opens this file now."""
        until_s, opened = self._out.get(ticket, (0.0, None))
        return opened == name and until_s > self._clock()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRoutes:
    """The addresses of exported files.

    Attributes:
        folder: where they lie; None: not set.
        find: the project of an address, for the person who asks.
        headers: the security headers of an answer.
    """

    folder: Path | None
    find: _Find
    headers: _Headers
    downloads: Downloads
    tickets: Tickets

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Answer `/projects/PROJECT/exports` and what is below it."""
        router.add_get("/projects/{project}/exports", self.list_files)
        router.add_get("/projects/{project}/exports/{name}", self.send, allow_head=False)
        router.add_post("/projects/{project}/exports/{name}/ticket", self.make_ticket)

    async def list_files(self, request: web.Request) -> web.StreamResponse:
        """The project's files, the newest first."""
        _, status = await self.find(request)
        return json_answer(ExportList(exports=await asyncio.to_thread(self._rows, status.project)))

    async def make_ticket(self, request: web.Request) -> web.StreamResponse:
        """A ticket for one file."""
        _, status = await self.find(request)
        name = _name_in(request, status.project)
        (await asyncio.to_thread(self._open, name)).close()
        return json_answer(self.tickets.make(name))

    async def send(self, request: web.Request) -> web.StreamResponse:
        """One file, or a range of its bytes (RFC 9110, 14)."""
        name = _name_in(request, None)
        if not self.tickets.opens(request.query.get("ticket", ""), name):
            _, status = await self.find(request)
            name = _name_in(request, status.project)
        transport = request.transport
        if transport is None:
            raise web.HTTPServiceUnavailable
        with self.downloads.place(network_of(request.remote), transport.abort) as download:
            file = await asyncio.to_thread(self._open, name)
            try:
                return await self._send(request, name, file, download)
            finally:
                file.close()

    async def _send(
        self, request: web.Request, name: ExportName, file: BinaryIO, download: Download
    ) -> web.StreamResponse:
        status = os.fstat(file.fileno())
        etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        wanted = _range_of(request, status.st_size, etag)
        response = web.StreamResponse(
            status=HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT, headers=self.headers(request)
        )
        begin, end = wanted if wanted is not None else (0, status.st_size)
        response.headers.update(
            {
                "Accept-Ranges": "bytes",
                "Cache-Control": "private, no-cache",
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Length": str(end - begin),
                "Content-Type": _TYPES.get(name.form, "application/octet-stream"),
                "ETag": etag,
                "Vary": "Authorization",
            }
        )
        if wanted is not None:
            response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{status.st_size}"
        await response.prepare(request)
        await asyncio.to_thread(file.seek, begin)
        while begin < end and (chunk := await asyncio.to_thread(file.read, min(_CHUNK_BYTES, end - begin))):
            await response.write(chunk)  # waits for the reader; one that takes nothing is cut: `TimedConnection`
            begin += len(chunk)
            download.sent_bytes += len(chunk)
        await response.write_eof()
        return response

    def _rows(self, project: ProjectId) -> tuple[ExportRow, ...]:
        folder, rows = self._folder(), []
        try:
            entries = [entry for entry in os.scandir(folder) if _is_of(entry.name, project)]
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # removed since, as old ones are
                    found = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(found.st_mode):
                        made_at = datetime.fromtimestamp(found.st_mtime, UTC)
                        name = ExportName(entry.name)
                        rows.append(ExportRow(name=name, format=name.form, size_bytes=found.st_size, made_at=made_at))
        except OSError as exc:
            raise _unreachable(folder, exc) from exc
        return tuple(sorted(rows, key=lambda each: each.made_at, reverse=True)[:MOST_LISTED])

    def _open(self, name: ExportName) -> BinaryIO:
        """Open a file of the folder, and no link.

        Raises:
            NoSuchExportError, ExportsUnreachableError: it cannot be opened.
        """
        folder = self._folder()
        try:
            file = os.fdopen(os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
        except FileNotFoundError as exc:
            if not folder.is_dir():
                raise _unreachable(folder, exc) from exc
            raise NoSuchExportError(f"there is no file {name!r}: it was removed, or never made") from exc
        except OSError as exc:
            raise _unreachable(folder, exc) from exc
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise NoSuchExportError(f"{name!r} is no file")
        return file

    def _folder(self) -> Path:
        if self.folder is None:
            raise ExportsUnreachableError(
                "this page server does not know where exported files lie: set viewer.export_dir to the folder of "
                "reconstructor.export_dir, or use `cairn export` on the reconstructor's machine"
            )
        return self.folder


def _name_in(request: web.Request, project: ProjectId | None) -> ExportName:
    """The file that an address names, of the project that it names; raises NoSuchExportError."""
    shown = request.match_info["name"][:80]
    try:
        name = ExportName(request.match_info["name"])
    except BadIdError as exc:
        raise NoSuchExportError(f"there is no file {shown!r}: an export has another name") from exc
    if name.project != (request.match_info["project"] if project is None else project):
        raise NoSuchExportError(f"there is no file {shown!r} in this project")
    return name


def _is_of(name: str, project: ProjectId) -> bool:
    try:
        return ExportName(name).project == project
    except BadIdError:
        return False


def _range_of(request: web.Request, size_bytes: int, etag: str) -> tuple[int, int] | None:
    """The first byte and the one after the last that are wanted; None: all, also of several ranges at once.

    Raises:
        web.HTTPRequestRangeNotSatisfiable: nothing of the file is in the range.
    """
    if "Range" not in request.headers or request.headers.get("If-Range", etag) != etag:
        return None
    try:
        wanted = request.http_range
    except ValueError:
        return None
    begin, end, _ = wanted.indices(size_bytes)
    if begin >= end:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{size_bytes}"})
    return begin, end


def _unreachable(folder: Path, exc: OSError) -> ExportsUnreachableError:
    return ExportsUnreachableError(
        f"this page server cannot read the folder of exported files, {folder}: {exc.strerror}; it runs on another machine "
        "than the reconstructor, or its user has no right"
    )
