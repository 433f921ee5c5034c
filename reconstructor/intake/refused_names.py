"""Who hears that an image's name is not taken? Its sender, on a topic of its own: the name fits into no receipt's topic."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

from broker.contract import REFUSED
from broker.errors import CairnError
from broker.ids import MAX_NAME_BYTES, BadIdError, ImageName, ProjectId, SenderId
from broker.messages import NameRefused
from broker.topics import TopicSpace
from reconstructor.context import Context
from reconstructor.storage.durable_files import StoreError

_KINDS: Final = frozenset({"image", "preview", "upload"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedName:
    """Who published an image, and what stands in its topic instead of a name."""

    sender: SenderId
    name: str


def refused_name(space: TopicSpace, project: ProjectId, topic: str) -> RefusedName | None:
    """The sender and the name in a topic that no channel has; None when it is not an image's, or its sender has no name."""
    below = f"{space.root}/{project}/"
    kind, _, rest = topic.removeprefix(below).partition("/")
    if not topic.startswith(below) or kind not in _KINDS:
        return None
    sender, _, name = rest.partition("/")
    try:
        return RefusedName(sender=SenderId(sender), name=name)
    except BadIdError:
        return None


async def refuse_name(context: Context, refused: RefusedName, failed: CairnError) -> None:
    """Count the refusal and tell it to the sender; raises what `Delivery.publish` raises."""
    shown = ImageName.shown(refused.name[:MAX_NAME_BYTES])
    context.log.warning("name_refused", sender=refused.sender, name=shown, code=failed.code, reason=failed.sentence)
    with contextlib.suppress(StoreError):  # a full disk prevents counting, not the answer
        await asyncio.to_thread(context.store.count_rejected)
    message = NameRefused(project=context.project, shown_name=shown, code=failed.code, reason=failed.sentence[:2000])
    await context.delivery.publish(REFUSED.outgoing(context.space, context.project, message, sender=refused.sender))
