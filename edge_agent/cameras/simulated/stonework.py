"""Which stones stand free before a church? Columns, pedestals and urns, as turned profiles and boxes."""

import numpy as np

from edge_agent.cameras.simulated.masonry import LIMESTONE_RGB, MARBLE_RGB, SANDSTONE_RGB, weathered
from edge_agent.cameras.simulated.meshes import Mesh, box, lathe

URN = (
    (0.0, 0.0), (0.2, 0.0), (0.2, 0.06), (0.08, 0.12), (0.08, 0.18), (0.3, 0.4),
    (0.33, 0.63), (0.2, 0.76), (0.17, 0.84), (0.26, 0.9), (0.26, 0.93), (0.0, 0.93),
)  # fmt: skip


def column(x: float, y: float) -> list[Mesh]:
    """Build a column with base, capital and impost, 1.9 world units high on a step of 0.3."""
    shaft = lathe(
        [
            (0.19, 0.3),
            (0.19, 0.36),
            (0.165, 0.38),
            (0.18, 0.43),
            (0.15, 0.47),
            (0.135, 0.5),
            (0.138, 1.0),
            (0.118, 1.75),
            (0.14, 1.77),
            (0.12, 1.79),
            (0.13, 1.86),
            (0.2, 2.02),
            (0.2, 2.06),
        ]
    )
    impost = box((-0.24, -0.24, 2.06), (0.24, 0.4, 2.22), 0.04)
    parts = [shaft.moved((x, y, 0.0)), impost.moved((x, y, 0.0))]
    return [part.painted(weathered(part.vertices * np.float32(2), MARBLE_RGB, seed=85)) for part in parts]


def pedestal(place: tuple[float, float], *, seed: int) -> list[Mesh]:
    """Build a moulded pedestal 1.12 world units high."""
    x, y = place
    blocks = [(0.52, 0.0, 0.16), (0.46, 0.16, 0.26), (0.38, 0.26, 0.94), (0.45, 0.94, 1.02), (0.49, 1.02, 1.12)]
    parts = [box((x - h, y - h, low), (x + h, y + h, high), 0.05) for h, low, high in blocks]
    return [part.painted(weathered(part.vertices * np.float32(1.5), LIMESTONE_RGB, seed=seed)) for part in parts]


def urn(foot: tuple[float, float, float]) -> Mesh:
    """Build a turned urn 0.93 world units high."""
    turned = lathe(list(URN))
    return turned.painted(weathered(turned.vertices, SANDSTONE_RGB, seed=99)).moved(foot)
