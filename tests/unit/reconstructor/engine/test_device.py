"""Is a GPU taken where there is one, do sizes follow it, and is a GPU that is missing named in one line?"""

import pytest
import torch
from pydantic import ValidationError

from reconstructor.engine.device import NoGpuError, compute_of
from reconstructor.engine.settings import EngineSettings


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Card {device.index}")


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_without_a_gpu_depth_is_small_and_on_the_processor(no_gpu: None) -> None:
    compute = compute_of(EngineSettings())
    assert (compute.name, compute.dense_max_side_px, compute.dense_sources) == ("cpu", 612, 3)


def test_a_gpu_is_taken_and_depth_is_larger(two_gpus: None) -> None:
    compute = compute_of(EngineSettings())
    assert (compute.device, compute.dense_max_side_px, compute.dense_sources) == (torch.device("cuda", 0), 1224, 6)
    assert compute.sentence == "computes on cuda:0 (Card 0): depth at 1224 px, from 6 photographs each"


def test_what_the_settings_name_stays(two_gpus: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_ENGINE_DEVICE", "cuda:1")
    monkeypatch.setenv("CAIRN_ENGINE_DENSE_MAX_SIDE_PX", "900")
    monkeypatch.setenv("CAIRN_ENGINE_DENSE_SOURCES", "auto")
    compute = compute_of(EngineSettings())
    assert (compute.name, compute.dense_max_side_px, compute.dense_sources) == ("cuda:1 (Card 1)", 900, 6)
    assert compute_of(EngineSettings(device="cpu")).dense_sources == 3


def test_a_gpu_that_is_not_there_is_an_error(two_gpus: None) -> None:
    with pytest.raises(NoGpuError, match=r"DEVICE=cuda:2: PyTorch .* sees 2 of them"):
        compute_of(EngineSettings(device="cuda:2"))


def test_without_any_gpu_cuda_is_an_error(no_gpu: None) -> None:
    with pytest.raises(NoGpuError, match=r"DEVICE=cuda: PyTorch .* sees no GPU"):
        compute_of(EngineSettings(device="cuda"))


@pytest.mark.parametrize("setting", [{"device": "gpu"}, {"dense_sources": "many"}, {"dense_max_side_px": 3}])
def test_a_setting_out_of_range_is_refused(setting: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EngineSettings.model_validate(setting)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is at hand")
def test_without_a_gpu_nothing_of_cuda_is_initialised() -> None:
    assert compute_of(EngineSettings()).name == "cpu"
    assert not torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
