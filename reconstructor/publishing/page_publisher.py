"""When does the broker get and lose pages? New ones before the manifest that names them, old ones a grace time after it."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from broker.channel import Channel, clearing_of
from broker.contract import CAMERA_PAGE, MANIFEST_PAGE
from broker.delivery import Delivery
from broker.envelope import Message
from broker.ids import ProjectId
from broker.manifest import Page
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from reconstructor.publishing.retained import Retained
from reconstructor.storage.reference_set import ReferenceSet

P = TypeVar("P", bound=Message)
WINDOW: Final = 16  # messages under way: mosquitto.conf's max_inflight_messages


@dataclass(slots=True, kw_only=True)
class PagePublisher:
    """Publishes the pages of one project and clears those that no manifest names any more.

    Attributes:
        grace_s: for how long a page that is not named any more stays, for readers of the manifest before.
    """

    project: ProjectId
    space: TopicSpace
    delivery: Delivery
    grace_s: float
    _unnamed_since_s: dict[str, float] = field(default_factory=dict)

    async def send(self, reference: ReferenceSet, retained: Retained) -> None:
        """Publish the pages that are not retained; raises what `Delivery.publish` raises."""
        named = self._topics(MANIFEST_PAGE, reference.shard_pages) | self._topics(CAMERA_PAGE, reference.camera_pages)
        missing = [
            *self._missing(MANIFEST_PAGE, reference.shard_pages, retained),
            *self._missing(CAMERA_PAGE, reference.camera_pages, retained),
        ]
        await publish_all(self.delivery, missing)
        retained.pages |= named
        retained.torn -= named
        now_s = time.monotonic()
        unnamed = (retained.pages | retained.torn) - named
        self._unnamed_since_s = {topic: self._unnamed_since_s.get(topic, now_s) for topic in unnamed}

    def _topic(self, channel: Channel, page: Page[P]) -> str:
        return self.space.topic(self.project, channel.template, page=page.digest)

    def _topics(self, channel: Channel, pages: Iterable[Page[P]]) -> set[str]:
        return {self._topic(channel, page) for page in pages}

    def _missing(self, channel: Channel, pages: Iterable[Page[P]], retained: Retained) -> list[Outgoing]:
        return [
            channel.outgoing(self.space, self.project, page.payload, page=page.digest)
            for page in pages
            if self._topic(channel, page) not in retained.pages
        ]

    def due(self) -> list[str]:
        """Topics of pages whose grace time is over."""
        now_s = time.monotonic()
        return [topic for topic, since_s in self._unnamed_since_s.items() if now_s - since_s >= self.grace_s]

    async def clear_due(self, retained: Retained) -> None:
        """Clear the pages whose grace time is over; raises what `Delivery.publish` raises."""
        due = self.due()
        retained.cleared.update(due)
        await publish_all(self.delivery, [clearing_of(topic) for topic in due])
        retained.pages.difference_update(due)
        retained.torn.difference_update(due)
        for topic in due:
            del self._unnamed_since_s[topic]


async def publish_all(delivery: Delivery, messages: Sequence[Outgoing]) -> None:
    """Publish messages, a window at a time; raises what `Delivery.publish` raises."""
    for begin in range(0, len(messages), WINDOW):
        await asyncio.gather(*(delivery.publish(each) for each in messages[begin : begin + WINDOW]))
