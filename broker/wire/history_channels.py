"""Who may say what happened before? The rows of the contract for events and generations of the past."""

from typing import Final

from broker.channel import Channel
from broker.messages import EventHistory
from broker.topics import TopicTemplate
from broker.wire.channel_kinds import PEOPLE, RECONSTRUCTOR, to_viewers
from broker.wire.history import GenerationHistory

MAX_HISTORY_BYTES: Final = 64 * 1024

HISTORY: Final = to_viewers(
    name="history",
    template=TopicTemplate("history/events"),
    meaning="the last 100 events but `progress` and `shard_update`, the newest last: for people who join late",
    messages=(EventHistory,),
    is_retained=True,
    max_bytes=MAX_HISTORY_BYTES,
)
GENERATIONS: Final = to_viewers(
    name="generations",
    template=TopicTemplate("history/generations"),
    meaning="a row for each of the last generations, the present one last, with the coarse shards that are still kept",
    messages=(GenerationHistory,),
    is_retained=True,
    max_bytes=MAX_HISTORY_BYTES,
)
EARLIER_SHARD: Final = Channel(
    name="earlier_shard",
    template=TopicTemplate("earlier/{user}/{generation}/{index}"),
    meaning="a coarse shard of an earlier generation for the user who asked by `earlier`, packed",
    content_type="application/octet-stream",
    max_bytes=512 * 1024,
    writers=RECONSTRUCTOR,
    readers=PEOPLE,
    own_level="user",
)
HISTORY_CHANNELS: Final = (HISTORY, GENERATIONS, EARLIER_SHARD)
