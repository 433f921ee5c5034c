"""Which settings does the built-in engine have? Environment variables `CAIRN_ENGINE_…`; every field has its unit."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, PositiveFloat
from pydantic_settings import BaseSettings, SettingsConfigDict

AUTO: Final = "auto"  # as the device has it: see `reconstructor.engine.device`


class Quality(StrEnum):
    """How much time the computation of depth may take."""

    STANDARD = "standard"
    HIGH = "high"


class LearnedMatcher(StrEnum):
    """Who is asked about pairs of photographs that SIFT leaves doubtful."""

    NONE = "none"
    XFEAT = "xfeat"


class EngineSettings(BaseSettings):
    """Settings of the built-in engine. Defaults were measured on 2 CPU cores with photographs of about 1 megapixel."""

    model_config = SettingsConfigDict(env_prefix="CAIRN_ENGINE_", frozen=True, extra="ignore")

    threads: Annotated[int, Field(ge=1, le=256)] = Field(
        default=min(os.cpu_count() or 1, 8), description="threads for feature extraction, torch and bundle adjustment"
    )
    max_side_px: Annotated[int, Field(ge=160, le=16384)] = Field(
        default=1224, description="photographs are reduced to this longer side before features are taken, pixels"
    )
    exact_max_side_px: Annotated[int, Field(ge=160, le=16384)] = Field(
        default=3072, description="and to this one when a refetch measures their features again, pixels"
    )
    max_pixels: Annotated[int, Field(ge=10_000)] = Field(
        default=200_000_000, description="a photograph of more pixels is rejected before it is decoded"
    )
    max_features: Annotated[int, Field(ge=100, le=32768)] = Field(
        default=4000, description="SIFT features kept of each photograph"
    )
    recent_candidates: Annotated[int, Field(ge=1)] = Field(
        default=6, description="a new image is matched with this many of the newest images"
    )
    similar_candidates: Annotated[int, Field(ge=0)] = Field(
        default=6, description="and with this many that look most alike (they close loops)"
    )
    covisible_candidates: Annotated[int, Field(ge=0)] = Field(
        default=4, description="and with this many that see the same points as its best match"
    )
    matcher: LearnedMatcher = Field(
        default=LearnedMatcher.NONE,
        description="xfeat asks a learned matcher about photographs that look alike and hardly match; it needs the extra "
        "cairn[matcher], and up to 4 s more for a photograph that is in doubt",
    )
    intrinsics: tuple[PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat] | None = Field(
        default=None,
        description="fx, fy, cx, cy in pixels of the stored photographs, fixed; for all that bring none of their own and "
        "have cx, cy near their middle",
    )
    learned_cameras: Path | None = Field(
        default=None,
        description="file in which refined intrinsics of cameras with a serial number are kept for other projects; the "
        "reconstructor names one in its data folder",
    )
    random_seed: int = Field(default=0, description="seed of all random sampling: the same images give the same model")
    refetch_timeout_s: PositiveFloat = Field(
        default=600.0, description="a complete re-solve that takes longer is stopped and the live model kept, seconds"
    )
    points_limit: Annotated[int, Field(ge=1)] = Field(
        default=20_000_000,
        description="a complete cloud of more points is fused in larger voxels until it fits; the reconstructor gives its "
        "own limit, above which it refuses an answer",
    )
    dense: bool = Field(default=True, description="whether placed images get dense depth; without, points are sparse")
    dense_max_side_px: Annotated[int, Field(ge=64, le=8192)] | Literal["auto"] = Field(
        default=AUTO, description="longer side of the depth maps, pixels; auto: 612 on a CPU, 1224 on a GPU"
    )
    dense_sources: Annotated[int, Field(ge=2, le=16)] | Literal["auto"] = Field(
        default=AUTO,
        description="other photographs that each depth map is matched against; auto: 3 on a CPU, 6 on a GPU",
    )
    quality: Quality = Field(
        default=Quality.STANDARD,
        description="high seeks a plane for every pixel: more of the surface right to one pixel, ten times slower; "
        "a refetch also tries 8,000 features of each larger photograph, and the more exact cameras win",
    )
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$")] = Field(
        default=AUTO,
        description="where depth and matches are computed: cpu, cuda or cuda:1; auto: on a GPU where there is one",
    )
