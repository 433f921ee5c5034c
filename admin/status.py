"""What runs, and how far are the projects? One screen of lines, from the broker's retained facts and two ports."""

import asyncio
from dataclasses import dataclass

from admin.doctor.connect import as_listener, connect_packet, login_reason
from admin.doctor.page import is_page_running
from admin.facts import ProjectFacts, read_facts
from admin.installation import Installation
from admin.lines import counted, describe_project, program_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `cairn status` prints."""

    lines: tuple[str, ...]
    is_whole: bool


async def read_status(installation: Installation) -> Status:
    """Look at the broker, the reconstructor and the page of a system that runs beside us.

    Raises:
        BrokerLostError: the broker does not let the operator in.
        BadSettingsError: the operator's password file cannot be read.
    """
    listener = as_listener(installation.viewer.broker)
    is_broker = await asyncio.to_thread(login_reason, listener, connect_packet()) is not None
    is_page = await is_page_running(installation)
    facts = await read_facts(installation) if is_broker else ()
    served = sum(each.is_served for each in facts)
    lines = [
        program_line(
            "broker", f"running at {listener.host}:{listener.port}" if is_broker else f"down: {installation.start}"
        ),
        program_line("reconstructor", _served(installation, served, is_broker=is_broker)),
        program_line(
            "page",
            f"running at {installation.page_address(installation.public_host)}"
            if is_page
            else f"down: {installation.start}",
        ),
        *(project_line(each) for each in facts),
    ]
    return Status(lines=tuple(lines), is_whole=is_broker and is_page and 0 < served == len(installation.projects))


def project_line(facts: ProjectFacts) -> str:
    """One project on one line, with its rigs."""
    if facts.status is None:
        return program_line(facts.project, "nothing is known yet")
    return describe_project(facts.status, facts.healths)


def _served(installation: Installation, served: int, *, is_broker: bool) -> str:
    if not is_broker:
        return "unknown without the broker"
    state = "running" if served else f"down: {installation.start}"
    return f"{state}, {served} of {counted(len(installation.projects), 'project')}" if served else state
