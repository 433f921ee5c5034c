"""Where are photographs decoded? In child processes with limits of memory and processor time."""

from reconstructor.decoders.inspection import ImageRefusedError, Inspected
from reconstructor.decoders.pool import Decoders

__all__ = ["Decoders", "ImageRefusedError", "Inspected"]
