"""Is the seam found by name, and is what a black box leaves read with care?"""

import sys
from pathlib import Path

import pytest
from PIL import Image

from broker.manifest import CameraState
from broker.messages import ScaleSource, Similarity
from reconstructor.black_box import (
    MOST_CAMERAS,
    UPDATE_LIMIT_BYTES,
    UPDATE_NAME,
    BadUpdateError,
    BlackBoxNotFoundError,
    CameraUpdate,
    Update,
    load,
    read_update,
    write_update,
)
from reconstructor.jobs.answer import read_answer
from tests.documents.blocks import ROOT, blocks_of

POSE = ((1.0, 0.0, 0.0, 2.0), (0.0, 1.0, 0.0, 3.0), (0.0, 0.0, 1.0, 4.0), (0.0, 0.0, 0.0, 1.0))


def test_a_function_is_loaded_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "colleague.py").write_text(
        "def box(input_img_path, old_point_cloud, new_img_id):\n    return new_img_id\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert load("colleague:box")("photo.jpg", "", "door-1") == "door-1"
    sys.modules.pop("colleague")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("reconstructor.black_box", "write package.module:function"),
        ("reconstructor.black_box:load; import os", "write package.module:function"),
        ("no_such_package.module:box", "PYTHONPATH"),
        ("reconstructor.black_box:no_such_function", "has no function"),
        ("reconstructor.black_box:UPDATE_NAME", "has no function"),
    ],
)
def test_a_name_that_names_no_function_is_explained(name: str, advice: str) -> None:
    with pytest.raises(BlackBoxNotFoundError, match=advice):
        load(name)


def test_an_update_survives_its_file(tmp_path: Path) -> None:
    camera = CameraUpdate(
        image_id="door-1",
        state=CameraState.PLACED,
        world_from_camera=POSE,
        intrinsics=(900.0, 900.0, 320.0, 240.0),
        distortion=(-0.1, 0.0, 0.0, 0.0),
        reprojection_error_px=0.7,
        width_px=640,
        height_px=480,
    )
    waiting = CameraUpdate(image_id="door-2", state=CameraState.WAITING, code="too_few_matches", reason="Closer.")
    update = Update(cameras=(camera, waiting), up=(0.0, 1.0, 0.0), new_point_count=7)
    write_update(update, tmp_path)
    assert read_update(tmp_path) == update
    assert update.camera("door-2") == waiting


def test_a_black_box_that_knows_no_cameras_leaves_no_update(tmp_path: Path) -> None:
    assert read_update(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"new_point_count": -1}',
        '{"up": [0, 0, NaN]}',
        '{"metres_per_unit": 0, "scale_source": "gps"}',
        '{"metres_per_unit": 2.0}',
        '{"world_from_previous": {}}',
        '{"world_from_previous": {"scale": 2, "rotation": [0, 1, 0, 0], "translation": [1, 2, 3]}}',
        '{"scale_source": "gps"}',
        '{"cameras": [{"image_id": "a", "state": "placed"}]}',
        '{"cameras": [{"image_id": "a", "state": "waiting", "reprojection_error_px": -1}]}',
        '{"cameras": [{"image_id": "a", "state": "waiting", "distortion": [0, 0, 0, 0, 0]}]}',
        '{"cameras": [{"image_id": "a", "state": "waiting", "code": "Not A Word"}]}',
    ],
)
def test_an_update_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / UPDATE_NAME).write_text(text)
    with pytest.raises(BadUpdateError):
        read_update(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"cameras": [{"image_id": "a", "state": "lost"}]}', r"update\.json: cameras\.0\.state: Input should be"),
        ('{"up": [0, 1]}', r"update\.json: up\.2: Field required"),
        ('{"up": [0, 0, 2]}', r"update\.json: Value error, up must have length 1"),
        (
            '{"world_from_previous": {"scale": 2, "rotation_wxyz": [0, 0, 0, 0], "translation": [1, 2, 3]}}',
            "rotation_wxyz of world_from_previous must have length 1",
        ),
        (
            '{"cameras": [{"image_id": "a", "state": "waiting"}, {"image_id": "a", "state": "waiting"}]}',
            "cameras has 'a' more than once",
        ),
        ('{"cameras": [{"image_id": "a", "state": "waiting", "width_px": 10000000000000000000}]}', "width_px"),
        ('{"cameras": ', r"update\.json: Invalid JSON: EOF"),
        ("[" * 100_000, r"update\.json: Invalid JSON: recursion limit"),
        ('{"cameras": [' + ", ".join(["{}"] * 30_000) + "]}", r"update\.json: cameras"),
        (" " * UPDATE_LIMIT_BYTES + "{}", r"larger than 16 MiB"),
    ],
    ids=["state", "up", "long up", "no rotation", "twice", "wide", "cut", "deep", "many", "large"],
)
def test_an_update_that_is_refused_says_where(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / UPDATE_NAME).write_text(text)
    with pytest.raises(BadUpdateError, match=words):
        read_update(tmp_path)


def test_an_update_of_more_images_than_a_project_has_is_refused(tmp_path: Path) -> None:
    camera = '{"image_id": "a", "state": "waiting"}'
    (tmp_path / UPDATE_NAME).write_text(f'{{"cameras": [{", ".join([camera] * (MOST_CAMERAS + 1))}]}}')
    with pytest.raises(BadUpdateError, match="at most 20000 items"):
        read_update(tmp_path)


def test_words_for_people_carry_no_sign_that_changes_a_terminal(tmp_path: Path) -> None:
    reason = "closer\\u001b[31m\\u202e" + "x" * 480
    (tmp_path / UPDATE_NAME).write_text(
        f'{{"cameras": [{{"image_id": "a", "state": "waiting", "code": "c", "reason": "{reason}"}}],'
        f' "refetch_rejected": "{reason}"}}'
    )
    update = read_update(tmp_path)
    assert update is not None
    for words in (update.cameras[0].reason, update.refetch_rejected):
        assert words.startswith("closer\\x1b[31m\\u202exxx")
        assert len(words) == 500


def test_the_old_spelling_of_a_reason_and_of_a_rotation_is_read_for_one_version(tmp_path: Path) -> None:
    (tmp_path / UPDATE_NAME).write_text(
        """{"cameras": [{"image_id": "a", "state": "waiting", "reason": "too_few_matches", "sentence": "Closer."},
                        {"image_id": "b", "state": "waiting", "reason": "needs_parallax"},
                        {"image_id": "c", "state": "waiting", "code": "first_image", "reason": "Take a second one."}],
            "metres_per_unit": 2.0, "scale_source": "distance",
            "world_from_previous": {"scale": 2, "quaternion_wxyz": [0, 1, 0, 0], "translation": [1, 2, 3]}}"""
    )
    update = read_update(tmp_path)
    assert update is not None
    assert [(each.code, each.reason) for each in update.cameras] == [
        ("too_few_matches", "Closer."),
        ("needs_parallax", ""),
        ("first_image", "Take a second one."),
    ]
    expected = Similarity(scale=2.0, rotation_wxyz=(0.0, 1.0, 0.0, 0.0), translation=(1.0, 2.0, 3.0))
    assert update.world_from_previous == expected
    assert update.scale_source is ScaleSource.SCALE_BAR


def test_the_worked_example_of_the_documentation_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = (block for block in blocks_of(ROOT / "docs/black_box.md") if block.file == "my_reconstruction.py")
    (tmp_path / "my_reconstruction.py").write_text(example.text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 30), (200, 90, 10)).save("door.png")
    black_box = load("my_reconstruction:black_box")
    first = read_answer(Path(black_box("door.png", "", "door-1")), points_limit=10**6)
    second = read_answer(Path(black_box("door.png", "present.ply", "door-2")), points_limit=10**6)
    complete = read_answer(Path(black_box("door.png", "", "door-2")), points_limit=10**6)
    assert first.cloud is not None
    assert second.cloud is not None
    assert complete.cloud is not None
    assert len(first.cloud) == len(second.cloud) == len(complete.cloud) / 2 == 64 * 64
    assert set(map(tuple, complete.cloud.colors_rgb.tolist())) == {(200, 90, 10)}
    sys.modules.pop("my_reconstruction")
