"""Is a photograph decoded once for several models, and again when its file or its size is another?"""

from pathlib import Path

import pytest
from PIL import Image

from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.photographs import DecodedPhotograph, read_photograph
from reconstructor.engine.lsm import larger_photographs
from reconstructor.engine.lsm.larger_photographs import LargerPhotographs
from reconstructor.engine.settings import EngineSettings

SETTINGS = EngineSettings(exact_max_side_px=200)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are decoded."""
    names: list[str] = []

    def read(path: Path, settings: EngineSettings) -> DecodedPhotograph:
        names.append(path.name)
        return read_photograph(path, settings)

    monkeypatch.setattr(larger_photographs, "read_photograph", read)
    monkeypatch.setattr(larger_photographs, "_decoded", larger_photographs._DecodedPhotographs())
    return names


def photographs_in(folder: Path, count: int) -> list[ImageFacts]:
    facts = []
    for index in range(count):
        path = folder / f"{index}.png"
        Image.new("RGB", (240, 180), (40 * index, 90, 90)).save(path)
        photograph = read_photograph(path, EngineSettings(max_side_px=160))
        facts.append(ImageFacts.of(path.stem, path, photograph))
    return facts


def test_several_models_decode_a_photograph_once(tmp_path: Path, decoded: list[str]) -> None:
    facts = photographs_in(tmp_path, 2)
    for _ in range(3):
        larger = LargerPhotographs(facts, SETTINGS, [None, None])
        assert larger.size_px(0) == (200, 150)
        assert tuple(larger.brightness(1).shape) == (150, 200)
    assert decoded == ["0.png", "1.png"]
    smaller = LargerPhotographs(facts, SETTINGS.model_copy(update={"exact_max_side_px": 160}), [None, None])
    assert smaller.size_px(0) == (160, 120)
    assert decoded[2:] == ["0.png"]


def test_a_file_that_changed_is_decoded_again(tmp_path: Path, decoded: list[str]) -> None:
    facts = photographs_in(tmp_path, 1)
    before = float(LargerPhotographs(facts, SETTINGS, [None]).brightness(0).mean())
    Image.new("RGB", (240, 180), (250, 250, 250)).save(facts[0].path)
    after = float(LargerPhotographs(facts, SETTINGS, [None]).brightness(0).mean())
    assert decoded == ["0.png", "0.png"]
    assert after > before + 100
    Path(facts[0].path).unlink()
    gone = LargerPhotographs(facts, SETTINGS, [None])
    assert not gone.can_be_read(0)
    assert gone.stamp(0) == 0


def test_only_as_many_as_fit_stay_in_memory_and_sizes_need_none(
    tmp_path: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(larger_photographs, "_MOST_BYTES", 2 * 200 * 150)
    facts = photographs_in(tmp_path, 3)
    larger = LargerPhotographs(facts, SETTINGS, [None] * 3)
    for image in range(3):
        larger.brightness(image)
    assert [larger.size_px(image) for image in range(3)] == [(200, 150)] * 3
    assert LargerPhotographs(facts, SETTINGS, [None] * 3).size_px(0) == (200, 150)
    assert len(decoded) == 3
    larger.brightness(2)
    assert len(decoded) == 3
    larger.brightness(0)
    assert decoded[3:] == ["0.png"]
