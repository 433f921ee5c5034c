"""How does a viewer see an earlier generation? On demand: its coarse shards are published to the one who asked."""

import asyncio

from broker.ids import SenderId
from broker.messages import Request
from broker.wire.history_channels import EARLIER_SHARD
from reconstructor.context import Context
from reconstructor.storage.past.generations import GenerationNotKeptError


async def publish_earlier(context: Context, user: SenderId, request: Request) -> None:
    """Publish the shards of an earlier generation to a user; raises what `Delivery.publish` raises.

    Raises:
        GenerationNotKeptError: the request names none, or one that the disk does not have.
    """
    if request.generation is None:
        raise GenerationNotKeptError("the request names no generation: say generation")
    for shard, payload in await asyncio.to_thread(context.store.references.earlier.shards, request.generation):
        outgoing = EARLIER_SHARD.outgoing(
            context.space, context.project, payload, user=user, generation=request.generation, index=shard.index
        )
        await context.delivery.publish(outgoing)
