"""What runs, and how far are the projects? One screen of lines, from the broker's retained facts and two ports."""

import asyncio
from dataclasses import dataclass

from admin.doctor.connect import is_open
from admin.doctor.page import is_page_running
from admin.facts import ProjectFacts, read_facts
from admin.installation import Installation
from admin.lines import counted, describe_project, program_line
from broker.live import BrokerLostError


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `cairn status` prints."""

    lines: tuple[str, ...]
    is_whole: bool


async def read_status(installation: Installation) -> Status:
    """Look at the broker, the reconstructor and the page of a system that runs beside us.

    Raises:
        BadSettingsError: the operator's password file cannot be read.
    """
    facts, broker = await _ask_broker(installation)
    is_page, served = await is_page_running(installation), sum(each.is_served for each in facts or ())
    page = f"running at {installation.page_address(installation.public_host)}" if is_page else _down(installation)
    lines = [
        program_line("broker", broker),
        program_line("reconstructor", _served(installation, served) if facts is not None else "unknown: no broker"),
        program_line("page", page),
        *(project_line(each) for each in facts or ()),
    ]
    return Status(lines=tuple(lines), is_whole=is_page and 0 < served == len(installation.projects))


def project_line(facts: ProjectFacts) -> str:
    """One project on one line, with its rigs; on a second one, where to stand next."""
    if facts.status is None:
        return program_line(facts.project, "nothing is known yet")
    lines = [describe_project(facts.status, facts.healths)]
    lines += [program_line("", f"next: {sentence}") for sentence in facts.status.advice[:1]]
    return "\n".join(lines)


async def _ask_broker(installation: Installation) -> tuple[tuple[ProjectFacts, ...] | None, str]:
    """What the broker retains, None when it does not tell us, and how it is, in words."""
    host, port = installation.viewer.broker.host, installation.viewer.broker.port
    if not await asyncio.to_thread(is_open, host, port):
        return None, _down(installation)
    try:
        return await read_facts(installation), f"running at {host}:{port}"
    except BrokerLostError as exc:
        return None, f"not ours: {exc.sentence} (see `cairn doctor`)"


def _served(installation: Installation, served: int) -> str:
    if not served:
        return _down(installation)
    return f"running, {served} of {counted(len(installation.projects), 'project')}"


def _down(installation: Installation) -> str:
    return f"down: {installation.start}"
