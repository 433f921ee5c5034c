"""What do operators tell the rigs? The rigs obey; the reconstructor only writes it into the audit log."""

from broker.accounts.audit import Action
from broker.channel import Match
from broker.contract import COMMAND
from broker.delivery import Incoming
from broker.envelope import decode
from broker.rig_messages import Command, DesiredSettings
from reconstructor.context import Context


async def note_command(context: Context, found: Match, message: Incoming) -> None:
    """Write a command or wished settings down; what is only retained was written down when it came.

    The topic names the rig and not the operator, so the deed has no account.

    Raises:
        BadMessageError: it is no such message.
    """
    if message.is_retained:
        return
    if found.channel is COMMAND:
        command = decode(message.payload, Command)
        await context.note(Action.COMMANDED, None, agent=found.agent, verb=command.verb, request=command.id)
    elif not message.payload:
        await context.note(Action.SET_SETTINGS, None, agent=found.agent, settings="cleared")
    else:
        desired = decode(message.payload, DesiredSettings)
        changed = desired.settings.model_dump_json(exclude_none=True)
        await context.note(Action.SET_SETTINGS, None, agent=found.agent, version=desired.version, settings=changed)
