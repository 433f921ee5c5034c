"""What has the reconstructor published before a page opens? One function for each arrangement."""

import colorsys
from io import BytesIO

import numpy as np
from PIL import Image

from broker.messages import ScaleSource
from tests.browser.chapel import chapel, levels
from tests.browser.pictures.world import World


async def nothing(_: World) -> None:
    """A system as it starts."""


async def without_photographs(world: World) -> None:
    """A reconstructor that waits for photographs."""
    await world.reconstruction.ready()


async def whole_object(world: World) -> None:
    """A chapel from 19 photographs, one of which waits."""
    reconstruction = world.reconstruction
    await reconstruction.publish(levels(chapel(60_000), (8_000, 16_000, 36_000)), generation=1, image_count=19)
    await reconstruction.cameras(18, waiting=1)
    for number in range(1, 20):
        await reconstruction.thumbnail(number, _thumbnail(number))
    await reconstruction.ready(image_count=19)


async def first_points(world: World) -> None:
    """What two photographs give."""
    await world.reconstruction.publish([chapel(900)], generation=1, image_count=2)
    await world.reconstruction.cameras(2)
    await world.reconstruction.ready(image_count=2)


def _thumbnail(number: int) -> bytes:
    """A small picture in a colour of its own."""
    light = np.linspace(0.35, 0.8, 180)[:, None, None]
    tone = np.array(colorsys.hsv_to_rgb(0.08 + 0.002 * number, 0.3, 1.0))
    pixels = (255 * light * tone * np.ones((180, 240, 1))).astype(np.uint8)
    pixels[70:150, 40 + 6 * number : 90 + 6 * number] = (96, 84, 70)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


async def one_image(world: World) -> None:
    """One photograph, which cannot be placed alone."""
    await world.reconstruction.ready(image_count=1)


async def withheld(world: World) -> None:
    """A cloud whose only shard does not come."""
    world.reconstruction.withheld, world.reconstruction.is_republishing = {0}, False
    await world.reconstruction.publish([chapel(3_000)], generation=1)
    await world.reconstruction.ready(image_count=10)


async def missing_shard(world: World) -> None:
    """A cloud one of whose shards does not come."""
    world.reconstruction.withheld, world.reconstruction.is_republishing = {1}, False
    await world.reconstruction.publish([chapel(20_000), chapel(9_000, seed=2)], generation=1)
    await world.reconstruction.ready(image_count=10)


async def left_out(world: World) -> None:
    """An object with more points than the broker's room has."""
    await whole_object(world)
    await world.reconstruction.leave_out(250_000)


async def scaled(world: World) -> None:
    """An object in metres."""
    await whole_object(world)
    await world.reconstruction.rescale(0.8, ScaleSource.BASELINE)


async def two_parts(world: World) -> None:
    """An object and a second part beside it."""
    await whole_object(world)
    await world.reconstruction.further(chapel(6_000, seed=4), generation=1, image_count=4)
