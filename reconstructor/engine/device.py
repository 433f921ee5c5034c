"""Where does the engine compute, and how large? On a GPU where there is one, else on the processor; `auto` decides."""

from dataclasses import dataclass
from typing import Final

import torch

from broker.errors import CairnError
from reconstructor.engine.settings import AUTO, EngineSettings

# Longer side of the depth maps and sources of each. Six sources at 1,224 px take 8 times the work of three at 612.
_SIDE_AND_SOURCES: Final = {"cpu": (612, 3), "cuda": (1224, 6)}


class NoGpuError(CairnError):
    """The settings name a GPU that PyTorch does not see."""

    code = "no_gpu"
    remedy = "Set CAIRN_ENGINE_DEVICE=auto, or install NVIDIA's driver and a PyTorch with CUDA."


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """Where the engine computes, and the sizes that follow from it.

    Attributes:
        device: of depth and of matching.
        dense_max_side_px: longer side of the depth maps.
        dense_sources: other photographs that each depth map is matched against.
    """

    device: torch.device
    dense_max_side_px: int
    dense_sources: int

    @property
    def name(self) -> str:
        """`cpu`, or the GPU's index and model."""
        if self.device.type == "cpu":
            return "cpu"
        return f"{self.device} ({torch.cuda.get_device_name(self.device)})"

    @property
    def cached_depth_bytes(self) -> int:
        """How much of the depth maps used last stays in memory, a GPU's or the processor's; the rest is on disk."""
        return (1 << 26) if self.device.type == "cpu" else (1 << 30)

    @property
    def sentence(self) -> str:
        """One line for the log."""
        return (
            f"computes on {self.name}: depth at {self.dense_max_side_px} px, from {self.dense_sources} photographs each"
        )


def compute_of(settings: EngineSettings) -> Compute:
    """Resolve `auto`; what the settings name explicitly stays.

    Without a GPU nothing of CUDA is initialised.

    Raises:
        NoGpuError: they name a GPU, and there is none, or none of this number.
    """
    device = _device(settings.device)
    side_px, sources = _SIDE_AND_SOURCES[device.type]
    return Compute(
        device=device,
        dense_max_side_px=side_px if settings.dense_max_side_px == AUTO else settings.dense_max_side_px,
        dense_sources=sources if settings.dense_sources == AUTO else settings.dense_sources,
    )


def _device(wanted: str) -> torch.device:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == AUTO:
        return torch.device("cuda:0" if count else "cpu")
    device = torch.device(wanted)
    if device.type == "cpu":
        return device
    number = device.index or 0
    if number >= count:
        seen = f"{count} of them" if count else "no GPU"
        raise NoGpuError(f"CAIRN_ENGINE_DEVICE={wanted}: PyTorch {torch.__version__} sees {seen}")
    return torch.device("cuda", number)
