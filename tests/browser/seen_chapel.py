"""Of which object is coverage published? A chapel that seven photographs saw from one side."""

import io

import numpy as np
from PIL import Image

from broker.messages import ScaleSource
from broker.shards import PointCloud
from broker.wire.coverage_channels import ADVICE, COVERAGE, COVERAGE_GRID
from reconstructor.coverage.advice import advise
from reconstructor.coverage.score import coverage_of
from reconstructor.coverage.viewpoints import Viewpoint
from reconstructor.coverage.wire_form import Told, told_of
from tests.browser.chapel import chapel, levels
from tests.browser.reconstruction import CHAPEL, Reconstruction, image_id

CAMERAS = 7  # of twelve around the chapel: nobody has looked from behind
SIZES = (2_000, 8_000, 20_000)


async def publish_coverage(reconstruction: Reconstruction, *, waiting: int = 0, metres: float | None = None) -> Told:
    """A chapel that seven photographs saw from one side, with what the reconstructor says of its coverage."""
    cloud = seen_part(chapel(30_000))
    await reconstruction.publish(levels(cloud, SIZES), generation=1, image_count=CAMERAS)
    await reconstruction.ready(image_count=CAMERAS)
    await reconstruction.cameras(CAMERAS, waiting=waiting)
    if metres is not None:
        await reconstruction.rescale(metres, ScaleSource.GPS)
    assert reconstruction.manifest is not None
    views = [
        Viewpoint(
            number=camera.image_number or 0,
            camera_from_world=np.asarray(np.linalg.inv(np.array(camera.world_from_camera)), np.float64),
            intrinsics=np.array(camera.intrinsics),
            width=camera.width_px or 1,
            height=camera.height_px or 1,
        )
        for camera in reconstruction.placed
        if camera.world_from_camera is not None
    ]
    coverage = coverage_of(cloud.points_in_world.astype(np.float64), views)
    ids = {number: image_id(number) for number in range(1, CAMERAS + 1)}
    told = told_of(coverage, advise(coverage), reconstruction.manifest, ids, is_unfinished=False)
    space, send = reconstruction.connection.space, reconstruction.delivery.publish
    await send(COVERAGE_GRID.outgoing(space, CHAPEL, told.grid))
    await send(COVERAGE.outgoing(space, CHAPEL, told.coverage))
    await send(ADVICE.outgoing(space, CHAPEL, told.advice))
    for number in ids:
        await reconstruction.thumbnail(number, thumbnail(number))
    return told


def seen_part(cloud: PointCloud) -> PointCloud:
    """The chapel with a hole in its wall."""
    x, y, z = cloud.points_in_world.T
    return cloud.take(~((np.abs(x - 1.0) < 0.8) & (np.abs(y - 1.2) < 0.6) & (z > 1.0)))


def thumbnail(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (320, 240), (90 + 10 * number, 120, 110)).save(buffer, "JPEG")
    return buffer.getvalue()
