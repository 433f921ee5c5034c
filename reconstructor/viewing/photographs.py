"""How does a viewer see a whole photograph? On demand: reduced in a decoder process and published to the one who asked."""

import asyncio

from broker.contract import PHOTO
from broker.errors import CairnError
from broker.ids import SenderId
from broker.messages import Request
from reconstructor.context import Context


class UnknownImageError(CairnError):
    """A request for a photograph that this project does not have."""

    code = "unknown_image"
    remedy = "Take the image's id from the camera pages or from its receipt."


class UnreadablePhotographError(CairnError):
    """A stored photograph that cannot be decoded within the limits."""

    code = "unreadable_photograph"
    remedy = "Look at its thumbnail; take the photograph again if there is none either."


async def publish_photograph(context: Context, user: SenderId, request: Request) -> bool:
    """Publish a photograph to a user, and return whether it is only the preview; raises what `Delivery.publish` raises.

    Raises:
        UnknownImageError: no such image here.
        UnreadablePhotographError: it does not decode within the limits.
        StoreError: its file cannot be read.
    """
    if request.image_id is None:
        raise UnknownImageError("the request names no image: say image_id")
    image = await asyncio.to_thread(context.store.find_previewed, request.image_id)
    if image is None:
        raise UnknownImageError(f"there is no image {request.image_id!r} in this project")
    content = await asyncio.to_thread(context.store.content, image.number)
    jpeg = await context.decoders.photograph(content, request.max_side_px)
    if jpeg is None:
        raise UnreadablePhotographError(f"image {request.image_id!r} cannot be decoded within the limits")
    outgoing = PHOTO.outgoing(context.space, context.project, jpeg, user=user, image_id=request.image_id)
    await context.delivery.publish(outgoing)
    return not image.has_original
