"""Photographs with structure and their previews, as senders reduce them."""

import io

import numpy as np
from PIL import Image

from broker.images.previews import preview

SIDE_PX = 160


def large_photograph(seed: int, *, width_px: int = 320, height_px: int = 240) -> bytes:
    """A photograph that is larger than its preview: patches of brightness that a reduced copy still shows."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(patches).resize((width_px, height_px), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def preview_of(content: bytes, side_px: int = SIDE_PX) -> bytes:
    """What a sender publishes before this photograph."""
    made = preview(content, side_px)
    assert made is not None
    return made.content
