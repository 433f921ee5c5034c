"""What has the reconstructor published before a page opens? One function for each arrangement."""

import colorsys
from io import BytesIO
from typing import Any, Final

import numpy as np
from PIL import Image

from broker.contract import MEASURE, NOTE
from broker.messages import ScaleSource
from broker.wire.annotations import Measure, MeasureKind, Note
from tests.browser.chapel import chapel, levels
from tests.browser.pictures.world import World
from tests.browser.reconstruction import CHAPEL, image_id
from tests.browser.seen_chapel import publish_coverage


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
        await reconstruction.thumbnail(number, _photograph(number))
        reconstruction.photographs[image_id(number)] = _photograph(number, enlarged=5)
    await reconstruction.ready(image_count=19)


async def first_points(world: World) -> None:
    """What two photographs give."""
    await world.reconstruction.publish([chapel(900)], generation=1, image_count=2)
    await world.reconstruction.cameras(2)
    await world.reconstruction.ready(image_count=2)


def _photograph(number: int, enlarged: int = 1) -> bytes:
    """A picture in a colour of its own, 240 pixels wide and so many times enlarged."""
    light = np.linspace(0.35, 0.8, 180)[:, None, None]
    tone = np.array(colorsys.hsv_to_rgb(0.08 + 0.002 * number, 0.3, 1.0))
    pixels = (255 * light * tone * np.ones((180, 240, 1))).astype(np.uint8)
    pixels[70:150, 40 + 6 * number : 90 + 6 * number] = (96, 84, 70)
    buffer = BytesIO()
    picture = Image.fromarray(pixels)
    picture.resize((240 * enlarged, 180 * enlarged)).save(buffer, "JPEG")
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


async def half_seen(world: World) -> None:
    """A chapel seen from one side, with advice on where to stand next; one photograph waits."""
    await publish_coverage(world.reconstruction, metres=0.5, waiting=1)


async def annotated(world: World) -> None:
    """An object in metres with what two people left on it."""
    await scaled(world)
    facts: dict[str, Any] = {"project": CHAPEL, "generation": 1}
    corners = ((-2.0, 0.4, 1.6), (1.0, 0.4, 1.6), (1.0, 2.4, 1.6), (-2.0, 2.4, 1.6))
    measures = (
        Measure(
            kind=MeasureKind.DISTANCE,
            points=corners[:2],
            name="Foot of the south wall, between the tower and the apse",
            **facts,
        ),
        Measure(kind=MeasureKind.HEIGHT, points=corners[1:3], **facts),
        Measure(kind=MeasureKind.AREA, points=corners, name="Plaster", **facts),
    )
    notes = (
        Note(
            point=(-3.7, 4.0, 1.1),
            text="Crack, 2 mm, from the cornice down to the window; wider than last autumn",
            **facts,
        ),
        Note(point=(2.0, 2.0, 1.6), text="Lichen", **facts),
    )
    space, send = world.reconstruction.connection.space, world.reconstruction.delivery.publish
    for number, measure in enumerate(measures):
        await send(MEASURE.outgoing(space, CHAPEL, measure, user="anna", annotation=f"measure-{number}"))
    for number, note in enumerate(notes):
        await send(NOTE.outgoing(space, CHAPEL, note, user="ops", annotation=f"note-{number}"))


ANNOTATION_COUNT: Final = 5


async def exported(world: World) -> None:
    """An object of which files lie ready."""
    await whole_object(world)
    for name, size in (("chapel-20261129-101500.laz", 1_240_000), ("chapel-20261128-170312-report.html", 88_000)):
        (world.exports / name).write_bytes(bytes(size))
