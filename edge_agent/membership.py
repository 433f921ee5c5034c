"""May this rig work for its project, and who serves that? The broker answers a ping's PUBACK and holds the retained state."""

import asyncio
from typing import Final

from broker.clients.refusals import PublishRefusedError
from broker.contract import CAMERA_PAGE, RECONSTRUCTOR_STATE, REFERENCE, REQUEST, match
from broker.coverage.messages import Advice
from broker.delivery import Delivery
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import Verb
from broker.live import follow, fresh_connection_id, fresh_request_id
from broker.manifest import CameraEntry
from broker.messages import ReconstructorPresence, ReconstructorState, Request
from broker.wire.coverage_channels import ADVICE
from edge_agent.config import Settings
from edge_agent.control.camera_book import CameraBook

STATE_SILENCE_S: Final = 2.0
ADVICE_SILENCE_S: Final = 1.0


class NotInProjectError(CairnError):
    """The account does not belong to the rig's project, or is not an agent's."""

    code = "not_in_project"
    remedy = "Check the project's name; on the server, `cairn broker project add PROJECT --user NAME` adds an account."


async def check_membership(delivery: Delivery, settings: Settings) -> None:
    """Let the broker say whether the account may write to the project.

    Raises:
        NotInProjectError: it may not.
        CairnError: the broker is away, or has no room.
    """
    project, name = settings.named()
    ping = Request(project=project, id=fresh_request_id(), verb=Verb.PING, connection=fresh_connection_id())
    try:
        await delivery.publish(REQUEST.outgoing(settings.broker.space, project, ping, user=name, verb=ping.verb))
    except PublishRefusedError as exc:
        if exc.code != PublishRefusedError.code:  # no room
            raise
        raise NotInProjectError(
            f"the account {name!r} may not write to project {project!r}: is the project's name right, "
            "and does the account belong to it as an agent?"
        ) from exc


async def read_reconstructor(settings: Settings) -> ReconstructorState | None:
    """The state of the project's reconstructor that the broker retains; None when there never was one.

    Raises:
        CairnError: the broker cannot be reached, or what it retains cannot be read.
    """
    project, _ = settings.named()
    async with follow(settings.broker) as follower:
        await follower.subscribe(settings.broker.space.topic(project, RECONSTRUCTOR_STATE.template))
        message = await follower.next_message(STATE_SILENCE_S)
    return decode(message.payload, ReconstructorState) if message is not None else None


async def read_advice(settings: Settings) -> Advice | None:
    """Where the next photographs are wanted, as the broker retains it; None when nothing is, or it cannot be read."""
    project, _ = settings.named()
    try:
        async with follow(settings.broker) as follower:
            await follower.subscribe(settings.broker.space.topic(project, ADVICE.template))
            message = await follower.next_message(ADVICE_SILENCE_S)
            return decode(message.payload, Advice) if message is not None and message.payload else None
    except CairnError:  # an account from before there was advice may not read it
        return None


def describe_reconstructor(state: ReconstructorState | None) -> str:
    """What a person should know of it."""
    if state is None:
        return "no reconstructor has served this project yet: does one run (`cairn up`), and is the name right?"
    where = f" on {state.host}" if state.host else ""
    if state.code is not None:
        return f"the reconstructor is {state.presence}: {state.reason or state.code}" + (where and f"; it runs{where}")
    if state.presence is ReconstructorPresence.OFFLINE:
        return f"the reconstructor is offline: start it again{where} (`cairn up`)"
    images = "1 photograph" if state.image_count == 1 else f"{state.image_count} photographs"
    return f"the reconstructor is {state.presence}{where} and has {images}"


async def read_cameras(settings: Settings, timeout_s: float) -> tuple[CameraEntry, ...] | None:
    """The cameras that the project's manifest names; None when there is none yet, or not all of it comes in time.

    Raises:
        CairnError: the broker cannot be reached, or what it retains cannot be read.
    """
    project, _ = settings.named()
    space, book = settings.broker.space, CameraBook()
    try:
        async with asyncio.timeout(timeout_s), follow(settings.broker) as follower:
            await follower.subscribe(*(space.filter(each.template, project) for each in (REFERENCE, CAMERA_PAGE)))
            async for message in follower.messages():
                book.take(match(space, message.topic), message.payload)
                cameras = book.cameras()
                if cameras is not None:
                    return cameras
    except TimeoutError:
        pass
    return None
