"""In which order is a system examined? First what lies on the disk, then what answers; every check runs after a fault, too."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from admin.doctor.certificates import check_certificates
from admin.doctor.clocks import check_own_clock, check_rig_clocks
from admin.doctor.disk import check_budgets, check_disk
from admin.doctor.findings import AS_ROOT, Finding, fault, fault_of
from admin.doctor.listeners import broker_listeners, check_broker_ports, is_broker_open, is_broker_ours
from admin.doctor.names import check_names
from admin.doctor.page import check_page, check_page_strangers, is_page_running
from admin.doctor.permissions import check_permissions
from admin.doctor.programs import check_reconstructors, check_rigs
from admin.doctor.settings import check_settings
from admin.doctor.speed import check_speed, through_relay
from admin.doctor.strangers import check_listeners, check_websocket
from admin.facts import read_facts
from admin.installation import Installation
from admin.system import System
from broker.config import Connection
from broker.errors import CairnError

_Check = Callable[[Installation], Iterable[Finding]]
_ON_DISK: Final[tuple[tuple[str, _Check], ...]] = (
    ("settings", check_settings),
    ("certificates", check_certificates),
    ("names", check_names),
    ("clocks", lambda _: [check_own_clock()]),
    ("permissions", check_permissions),
    ("disk", check_disk),
    ("listeners", check_broker_ports),
)
_Running = Callable[[Installation], AsyncIterator[Finding]]


async def examine(system: System, url: str | None = None) -> AsyncIterator[Finding]:
    """Run every check of a system.

    Args:
        system: what was set up.
        url: another WebSocket address to measure than the page's own, for example behind a proxy.
    """
    try:
        installation = Installation.load(system)
    except CairnError as exc:
        yield fault_of("settings", exc)
        return
    for subject, check in _ON_DISK:
        for finding in await asyncio.to_thread(_all, subject, check, installation):
            yield finding
    if not await asyncio.to_thread(is_broker_open, installation):
        return
    yield await check_page(installation)
    if not await asyncio.to_thread(is_broker_ours, installation):
        return
    running: tuple[tuple[str, _Running], ...] = (
        ("strangers", _strangers),
        ("speed", lambda each: _speed(each, url)),
        ("reconstructor", _programs),
    )
    for subject, look in running:
        try:
            async for finding in look(installation):
                yield finding
        except CairnError as exc:
            yield fault_of(subject, exc)


def _all(subject: str, check: _Check, installation: Installation) -> list[Finding]:
    """The findings of one check; an error of ours ends it and becomes its last finding."""
    findings: list[Finding] = []
    try:
        findings += check(installation)
    except CairnError as exc:
        findings.append(fault_of(subject, exc))
    except PermissionError as exc:
        findings.append(fault(subject, f"cannot read {exc.filename}", AS_ROOT))
    return findings


async def _strangers(installation: Installation) -> AsyncIterator[Finding]:
    for finding in await asyncio.to_thread(lambda: list(check_listeners(broker_listeners(installation.broker)))):
        yield finding
    if (port := installation.broker.websocket_port) is not None:
        native = Connection(port=port, websocket_path="/")
        yield await check_websocket(native, "the broker's WebSocket listener")
    if await is_page_running(installation):
        yield await check_websocket(through_relay(installation), "the page's relay")
        async for finding in check_page_strangers(installation, installation.projects):
            yield finding


async def _speed(installation: Installation, url: str | None) -> AsyncIterator[Finding]:
    if installation.projects and (url or await is_page_running(installation)):
        yield await check_speed(installation, url)


async def _programs(installation: Installation) -> AsyncIterator[Finding]:
    facts = await read_facts(installation)
    advice = f"start the system: {installation.start}; if it runs, look into {installation.log('reconstructor')}"
    async for finding in check_reconstructors(facts, installation.viewer.broker, advice):
        yield finding
    for finding in (
        *check_rigs(facts),
        *check_rig_clocks(facts),
        *check_budgets(facts, installation.reconstructor.retained_bytes_limit),
    ):
        yield finding
