"""Which object tests fine relief? A slab with letters cut 0.002 world units deep (2 mm, if a unit is a metre)."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from edge_agent.cameras.simulated.masonry import MARBLE_RGB, weathered
from edge_agent.cameras.simulated.meshes import Mesh, box, merged
from edge_agent.cameras.simulated.noise import Floats, fractal
from edge_agent.cameras.simulated.relief import Relief

WIDTH, HEIGHT = 1.2, 0.8
LETTER_DEPTH = 0.002
LINES = ("LAPIS SVPER", "LAPIDEM", "QVISQVE SVVM", "CVMVLO ADDIT", "ANNO MMXXVI")
OVERSAMPLING = 2


def inscription(*, spacing: float = 0.0012) -> Mesh:
    """Build the slab, 1.2 x 0.8 world units in the plane y = 0 of world, and the wall block around it."""
    slab = Relief.spanning((-WIDTH / 2, 0.0), (WIDTH / 2, HEIGHT), spacing)
    points = slab.points()
    cut = letter_cut(slab.x.shape)
    rough = fractal(points, wavelengths=(0.3, 0.11, 0.04, 0.013), seed=5) * np.float32(0.0006)
    chipped = np.clip(fractal(points, wavelengths=(0.16, 0.05, 0.02), seed=6) - 1.15, 0, 0.5) * np.float32(0.006)
    slab.out = (rough - chipped).reshape(slab.x.shape) - np.float32(LETTER_DEPTH) * cut
    rim = np.minimum(WIDTH / 2 - np.abs(slab.x), HEIGHT / 2 - np.abs(slab.z - HEIGHT / 2))
    slab.add((rim < 0.05) & (rim > 0.012), 0.006 * np.sin(np.clip((rim - 0.012) / 0.038, 0, 1) * np.pi))
    slab.albedo_rgb = weathered(points * np.float32(4.5), MARBLE_RGB, seed=51).reshape(slab.albedo_rgb.shape)
    slab.tint(cut > 0.35, (0.36, 0.20, 0.14), 0.35)  # traces of minium in the letters
    wall = box((-0.95, 0.012, -0.25), (0.95, 0.3, 1.05), 0.01)
    wall = wall.painted(weathered(wall.vertices * np.float32(4), (0.5, 0.42, 0.33), seed=55))
    return merged([slab.to_mesh(), wall])


def letter_cut(shape: tuple[int, int]) -> Floats:
    """The depth of the letters on a lattice, (rows, columns) float32 from 0 to 1, row 0 at the foot."""
    rows, columns = shape
    height, width = rows * OVERSAMPLING, columns * OVERSAMPLING
    drawing = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(drawing)
    size = height * 0.125
    for line, text in enumerate(LINES):
        font = ImageFont.load_default(size)
        middle = (width / 2, height * (0.5 + (line - (len(LINES) - 1) / 2) * 0.165))
        pen.text(middle, text, fill=255, font=font, anchor="mm")
    blurred = drawing.filter(ImageFilter.GaussianBlur(size * 0.035)).resize((columns, rows), Image.Resampling.BOX)
    depth = np.asarray(blurred, np.float32)[::-1] / 255
    result: Floats = np.clip(depth * 1.2, 0, 1)
    return result
