"""What answers on the page server's port? The page, its configuration, the relay, and how the projects stand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from broker.errors import CairnError
from broker.ids import ProjectId
from broker.live import NoAnswerError
from broker.logs import get_logger
from broker.projects.settings_watch import ReadProjects, changes_of_projects, look_on_hangup
from viewer.admission import Admission, Guest
from viewer.answers import Failure, PageConfig, ProjectList, json_answer
from viewer.config import Settings
from viewer.downloads import Download, Downloads
from viewer.export import CloudStream, open_cloud
from viewer.fetch import ManifestMovedError, ShardMissingError
from viewer.headers import security_headers
from viewer.manifest_reader import NoManifestError, PageMissingError
from viewer.metrics.broker_figures import BrokerFigures, read_broker_figures
from viewer.metrics.exposition import CONTENT_TYPE, render
from viewer.network.addresses import TrustedProxies, network_of
from viewer.network.brake import Brake
from viewer.network.certificate import Certificate
from viewer.network.connections import REQUEST_TIMEOUT_S, TimedConnection
from viewer.network.cross_origin import CrossOrigin
from viewer.network.hosts import AllowedHosts
from viewer.network.listener import Listener
from viewer.pages import INDEX, Asset, load_page
from viewer.photographs import NoSuchPhotographError, PhotographRefusedError, Photographs, answer, key_of
from viewer.relay import Relay
from viewer.routes.exports import ExportRoutes, ExportsUnreachableError, NoSuchExportError, Tickets
from viewer.routes.invitations import InvitationDesk
from viewer.shards.earlier import EarlierRefusedError, generation_in
from viewer.shards.kept import NoRoomForShardsError
from viewer.shards.served import ServedShards
from viewer.shards.source import NoSuchShardError
from viewer.status import Board, ProjectStatus
from viewer.trust_page import AUTHORITY_PATH, PAGE_PATH, PLAIN_PATHS, TrustPage
from viewer.wanted import UnevenManifestError

SHUTDOWN_TIMEOUT_S: Final = 5.0
MAX_BODY_BYTES: Final = 4096  # what a browser sends by POST is about invitations
_STATUS_BY_ERROR: Final[dict[type[CairnError], HTTPStatus]] = {
    NoManifestError: HTTPStatus.NOT_FOUND,
    ManifestMovedError: HTTPStatus.SERVICE_UNAVAILABLE,
    ShardMissingError: HTTPStatus.GATEWAY_TIMEOUT,
    PageMissingError: HTTPStatus.GATEWAY_TIMEOUT,
    UnevenManifestError: HTTPStatus.BAD_GATEWAY,
    NoSuchPhotographError: HTTPStatus.NOT_FOUND,
    NoSuchShardError: HTTPStatus.NOT_FOUND,
    NoSuchExportError: HTTPStatus.NOT_FOUND,
    ExportsUnreachableError: HTTPStatus.SERVICE_UNAVAILABLE,
    NoRoomForShardsError: HTTPStatus.SERVICE_UNAVAILABLE,
    PhotographRefusedError: HTTPStatus.FORBIDDEN,
    EarlierRefusedError: HTTPStatus.FORBIDDEN,
    NoAnswerError: HTTPStatus.GATEWAY_TIMEOUT,
}
_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


class CannotListenError(CairnError):
    """The page server's port is not to be had."""

    code = "cannot_listen"
    remedy = "Choose another port, or stop the program that has it."


class PageServer:
    """One page server; `application` is what aiohttp runs."""

    def __init__(
        self, settings: Settings, page: dict[str, Asset], changes: AsyncIterator[tuple[ProjectId, ...]] | None = None
    ) -> None:
        self._settings, self._page, self._changes = settings, page, changes
        brake = Brake()
        self._board, self._relay = Board(settings), Relay(settings, brake)
        self._admission = Admission(settings, self._board, brake)
        self._invitations = InvitationDesk(settings.keeper_socket, self._admission)
        self._log = get_logger()
        self._downloads, self._photographs = Downloads(), Photographs(settings.photograph_cache_bytes)
        self._shards = ServedShards(settings)
        self._exports = ExportRoutes(
            folder=settings.export_dir,
            find=self._find,
            headers=self._security_headers,
            downloads=self._downloads,
            tickets=Tickets(),
        )
        self._cross_origin = CrossOrigin(settings.allowed_origins)
        self._hosts, self._proxies = AllowedHosts(settings.hosts), TrustedProxies(settings.trusted_proxies)

    def application(self) -> web.Application:
        """Every address and what surrounds them."""
        application = web.Application(middlewares=[self._surround], client_max_size=MAX_BODY_BYTES)
        application.router.add_get("/config.json", self._config)
        application.router.add_get("/health", self._health)
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/mqtt", self._relay.answer, allow_head=False)
        trust = TrustPage(self._settings.authority)
        application.router.add_get(AUTHORITY_PATH, trust.certificate)
        application.router.add_get(PAGE_PATH, trust.page)
        self._invitations.add_routes(application.router)
        self._exports.add_routes(application.router)
        application.router.add_get("/projects", self._projects)
        application.router.add_get("/projects/{project}/status", self._status)
        application.router.add_get("/projects/{project}/cloud.ply", self._cloud, allow_head=False)
        application.router.add_get("/projects/{project}/photo/{image_id}", self._photograph, allow_head=False)
        application.router.add_get("/projects/{project}/shard/{sha256}", self._shard, allow_head=False)
        application.router.add_get("/{path:.*}", self._asset)
        application.on_response_prepare.append(_without_server_name)
        application.on_response_prepare.append(self._cross_origin.prepare)
        application.cleanup_ctx.append(self._following)
        application.on_shutdown.append(self._close)
        return application

    @web.middleware
    async def _surround(self, request: web.Request, handler: _Next) -> web.StreamResponse:
        """Our errors become JSON with their code; every answer gets the security headers."""
        connection = request.protocol
        if isinstance(connection, TimedConnection):
            connection.request_came()
        request = self._proxies.request_of(request)
        headers = self._security_headers(request)
        try:
            self._check_address(request)
            self._cross_origin.check(request)
            if request.can_read_body:
                await _read_body(request)
            response = self._cross_origin.preflight(request) or await handler(request)
        except web.HTTPException as exc:
            exc.headers.update(headers)
            raise
        except CairnError as exc:
            status = _STATUS_BY_ERROR.get(type(exc), HTTPStatus.BAD_GATEWAY)
            response = json_answer(Failure(code=exc.code, reason=exc.sentence), status)
        finally:
            if isinstance(connection, TimedConnection):
                connection.request_done()
        if not response.prepared:
            response.headers.update(headers)
        return response

    def _security_headers(self, request: web.Request) -> dict[str, str]:
        return security_headers(request.host, self._settings.mqtt_url, is_secure=request.secure)

    def _check_address(self, request: web.Request) -> None:
        """Whether we are meant, and by https where the page has a certificate.

        Raises:
            web.HTTPException: 421 for a name that is not ours, 308 to https.
        """
        if request.host not in self._hosts:
            raise web.HTTPMisdirectedRequest(
                text="this server does not know this name for itself: ask by address, or add the name to viewer.hosts\n"
            )
        if self._settings.certificate and not request.secure and request.path not in PLAIN_PATHS:
            raise web.HTTPPermanentRedirect(f"https://{request.host}{request.path_qs}")

    async def _following(self, _application: web.Application) -> AsyncIterator[None]:
        await self._shards.open()
        following = {
            asyncio.create_task(self._board.run(), name="board"),
            asyncio.create_task(self._follow_projects(), name="projects"),
        }
        yield
        while following:  # Python 3.11's wait_for, which aiomqtt uses, may swallow a cancellation
            for task in following:
                task.cancel()
            _, following = await asyncio.wait(following, timeout=1)

    async def _follow_projects(self) -> None:
        if self._changes is not None:
            async for projects in self._changes:
                await self._board.choose(projects)

    async def _close(self, _application: web.Application) -> None:
        await self._relay.close()
        await self._shards.close()

    async def _config(self, _request: web.Request) -> web.StreamResponse:
        settings = self._settings
        chosen = self._board.chosen
        projects = chosen if settings.needs_login else chosen or self._board.projects()
        return json_answer(
            PageConfig(
                mqtt_url=settings.mqtt_url,
                root=settings.broker.root,
                projects=projects,
                needs_login=settings.needs_login,
                has_invitations=settings.needs_login and settings.keeper_socket is not None,
            )
        )

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        health = self._board.health(self._relay.connection_count)
        return json_answer(health, HTTPStatus.OK if health.is_healthy else HTTPStatus.SERVICE_UNAVAILABLE)

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        try:
            guest = await self._admission.admit(request)
        except (
            web.HTTPBadGateway
        ):  # nobody can be checked; an alarm must learn that the broker is away, and nothing else
            text = render([], self._board, self._relay, BrokerFigures())
        else:
            broker = await read_broker_figures(guest.connection)
            text = render(self._statuses_of(guest), self._board, self._relay, broker)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})

    async def _projects(self, request: web.Request) -> web.StreamResponse:
        return json_answer(ProjectList(projects=self._statuses_of(await self._admission.admit(request))))

    async def _status(self, request: web.Request) -> web.StreamResponse:
        _, status = await self._find(request)
        return json_answer(status)

    async def _photograph(self, request: web.Request) -> web.StreamResponse:
        guest, status = await self._find(request)
        return answer(await self._photographs.get(guest.connection, key_of(request, status.project)))

    async def _shard(self, request: web.Request) -> web.StreamResponse:
        try:
            guest, status = await self._find(request)
            digest, earlier = request.match_info["sha256"], generation_in(request)
            return await self._shards.answer(status.project, digest, guest.connection, earlier)
        except (CairnError, web.HTTPNotFound) as exc:
            if request.query.get("missing") != "204":  # browsers report other answers as errors of the page
                raise
            if isinstance(exc, CairnError) and not isinstance(exc, NoSuchShardError | NoRoomForShardsError):
                project = request.match_info["project"][:64]  # a full disk is logged where it is noticed
                self._log.warning("shard_not_served", project=project, code=exc.code, reason=exc.sentence)
            return web.Response(status=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})

    async def _cloud(self, request: web.Request) -> web.StreamResponse:
        guest, status = await self._find(request)
        if status.cloud is None and not status.is_stale:
            raise NoManifestError(f"{status.project!r} has no cloud yet: no image is placed")
        transport = request.transport
        if transport is None:
            raise web.HTTPServiceUnavailable
        with self._downloads.place(network_of(request.remote), transport.abort) as download:
            async with open_cloud(guest.connection, status.project) as cloud:
                return await self._send_cloud(request, cloud, download)

    async def _send_cloud(self, request: web.Request, cloud: CloudStream, download: Download) -> web.StreamResponse:
        """Send one PLY; a cloud that moves on meanwhile ends it short of its announced length."""
        first = await anext(cloud.rows, b"")  # what goes wrong goes wrong here, while there can be a status for it
        response = web.StreamResponse(
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Disposition": f'attachment; filename="{cloud.manifest.project}.ply"',
                "Content-Length": str(cloud.size_bytes),
                "Cache-Control": "no-store",
                **self._security_headers(request),
            }
        )
        await response.prepare(request)
        await response.write(cloud.header + first)
        try:
            async for rows in cloud.rows:
                await response.write(rows)  # waits for the reader; one that takes nothing is cut: `TimedConnection`
                download.sent_bytes += len(rows)
        except CairnError as exc:
            self._log.warning("download_cut", project=cloud.manifest.project, code=exc.code, reason=exc.sentence)
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        asset = self._page.get(request.match_info["path"] or INDEX)
        if asset is None:
            raise web.HTTPNotFound(text="there is no such address here\n")
        coding, body = asset.choose(request.headers.get("Accept-Encoding", ""))
        headers = {"Cache-Control": asset.cache_control, "ETag": asset.etag, "Vary": "Accept-Encoding"}
        if _is_known(request, asset):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        if coding != "identity":
            headers["Content-Encoding"] = coding
        return web.Response(body=body, headers={"Content-Type": asset.content_type, **headers})

    def _statuses_of(self, guest: Guest) -> tuple[ProjectStatus, ...]:
        statuses = (self._board.status(project) for project in sorted(guest.projects))
        return tuple(status for status in statuses if status is not None)

    async def _find(self, request: web.Request) -> tuple[Guest, ProjectStatus]:
        """The project of the address; one that the guest may not see is not there."""
        guest = await self._admission.admit(request)
        name = request.match_info["project"]
        status = self._board.status(name) if name in guest.projects else None
        if status is None:
            raise web.HTTPNotFound(text=f"there is no project {name[:64]!r} here, or you may not see it\n")
        return guest, status


async def serve(
    settings: Settings,
    tell: Callable[[str], None] = lambda _address: None,
    read_projects: ReadProjects | None = None,
) -> None:
    """Serve until cancelled.

    Args:
        settings: where to listen, which broker.
        tell: called once with the page's address when it is there.
        read_projects: reads the projects again after the settings file changed; None: they stay.

    Raises:
        PageMissingError: the page is not built.
        CannotListenError: the port is taken or not ours.
    """
    look, serving = asyncio.Event(), asyncio.current_task()
    if serving is not None:
        look_on_hangup(look, serving.cancel)
    changes = changes_of_projects(read_projects, look) if read_projects is not None else None
    server = PageServer(settings, load_page(), changes)
    certificate = Certificate(settings.certificate, settings.key) if settings.certificate and settings.key else None
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
    await runner.setup()
    if runner.server is None:
        raise AssertionError
    listener = Listener(runner.server, TrustedProxies(settings.trusted_proxies), certificate)
    try:
        async with listener.listening(settings.host, settings.port) as (host, port):
            shown = f"[{host}]" if ":" in host else host
            get_logger().info(
                "listening",
                host=host,
                port=port,
                is_tls=certificate is not None,
                broker=f"{settings.broker.host}:{settings.broker.port}",
            )
            tell(f"{'https' if certificate else 'http'}://{shown}:{port}/")
            await asyncio.Event().wait()
    except OSError as exc:
        raise CannotListenError(
            f"cannot listen on {settings.host}:{settings.port}: {exc.strerror}; choose another --port"
        ) from exc
    finally:
        await runner.cleanup()


async def _read_body(request: web.Request) -> None:
    """Have the whole body before it is worked on.

    Raises:
        web.HTTPRequestTimeout: it does not come.
    """
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await request.read()
    except TimeoutError as exc:
        raise web.HTTPRequestTimeout(text="the rest of this request did not come\n") from exc


async def _without_server_name(_request: web.Request, response: web.StreamResponse) -> None:
    """Tell nobody which software answers, in which version."""
    response.headers.pop("Server", None)


def _is_known(request: web.Request, asset: Asset) -> bool:
    known = request.if_none_match or ()
    return any(each.value == "*" or f'W/"{each.value}"' == asset.etag for each in known)
