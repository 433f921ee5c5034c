"""A folder of photographs goes through a foreign black box as the service would send it, in a real child process."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.config import BadSettingsError
from broker.ids import ImageId
from reconstructor.black_box import BlackBoxNotFoundError
from reconstructor.cli import app
from reconstructor.clouds.ply import read_ply
from reconstructor.config import Settings
from reconstructor.replay.foreign import BlackBoxPlan, BlackBoxReport, CallReport, replay_black_box
from reconstructor.replay.replayer import order_photographs
from tests.black_boxes import POINTS_PER_IMAGE, SURVEY_OFFSET
from tests.cards import check_named, write_card
from tests.photographs import photograph


def photographs(folder: Path, count: int) -> tuple[Path, ...]:
    folder.mkdir()
    for number in range(count):
        (folder / f"photo-{number}.jpg").write_bytes(photograph(number))
    return order_photographs(folder)


async def replayed(
    tmp_path: Path, name: str, count: int, *, has_final_refetch: bool = True
) -> tuple[BlackBoxReport, list[CallReport]]:
    told: list[CallReport] = []
    plan = BlackBoxPlan(
        photographs=photographs(tmp_path / "photos", count),
        out=tmp_path / "out",
        settings=Settings(black_box=name if ":" in name else f"tests.black_boxes:{name}", timeout_s=20),
        refetch_every=3,
        has_final_refetch=has_final_refetch,
    )
    return await replay_black_box(plan, told.append), told


async def test_photographs_and_refetches_come_as_the_service_sends_them(tmp_path: Path) -> None:
    report, told = await replayed(tmp_path, "instant", 4)
    assert list(report.calls) == told
    assert [(each.name, each.is_refetch, each.points // POINTS_PER_IMAGE) for each in told] == [
        ("photo-0.jpg", False, 1),
        ("photo-1.jpg", False, 1),
        ("photo-2.jpg", False, 1),
        ("photo-2.jpg", True, 3),
        ("photo-3.jpg", False, 1),
        ("photo-3.jpg", True, 4),
    ]
    assert (report.placed, report.refused, report.points) == (4, 0, 4 * POINTS_PER_IMAGE)
    assert all(ImageId(each.image_id).startswith("replay-00000") for each in told)
    assert len(read_ply(tmp_path / "out/cloud.ply", 10_000)) == report.points
    assert report == BlackBoxReport.model_validate_json((tmp_path / "out/report.json").read_bytes())
    cameras = json.loads((tmp_path / "out/cameras.json").read_text())["cameras"]
    assert [each["name"] for each in cameras] == [f"photo-{number}.jpg" for number in range(4)]


async def test_the_first_call_and_each_refetch_have_no_old_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "colleague.py").write_text(
        "from tests.black_boxes import points_only\n\n"
        "def black_box(image, old_point_cloud, name):\n"
        "    with open('seen', 'a') as seen:\n"
        "        seen.write((old_point_cloud and open(old_point_cloud, 'rb').read(80).decode().split()[6]) + ';')\n"
        "    return points_only(image, old_point_cloud, name)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/cameras.json").write_text("of an earlier replay")
    report, _ = await replayed(tmp_path, "colleague:black_box", 5, has_final_refetch=False)
    seen = (tmp_path / "out/black_box/seen").read_text().split(";")[:-1]
    assert seen == ["", "500", "1000", "", "500", "1000"]  # points in the old cloud
    assert report.points == 3 * POINTS_PER_IMAGE  # of the refetch and two photographs
    assert report.placed is None
    assert not (tmp_path / "out/cameras.json").exists()


async def test_a_refused_answer_costs_one_call(tmp_path: Path) -> None:
    report, told = await replayed(tmp_path, "second_leaves_a_pipe", 3, has_final_refetch=False)
    assert [each.problem is not None for each in told] == [False, True, False, False]
    assert told[1].problem == "not_a_plain_file: cloud.ply is a named pipe: write a regular file"
    assert report.refused == 1


async def test_coordinates_of_a_survey_keep_their_millimetres(tmp_path: Path) -> None:
    report, _ = await replayed(tmp_path, "writes_double", 2, has_final_refetch=False)
    cloud = read_ply(tmp_path / "out/cloud.ply", report.points)
    assert cloud.points_in_world[:, 1].mean() == pytest.approx(SURVEY_OFFSET[1], abs=0.1)
    assert len(set(cloud.points_in_world[:, 1])) > 900  # float32 has steps of half a metre there


async def test_a_black_box_that_cannot_be_loaded_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BlackBoxNotFoundError, match="has no function"):
        await replayed(tmp_path, "no_such", 1)


@pytest.mark.parametrize(("name", "status"), [("instant", 0), ("raises", 1)])
def test_the_command_prints_the_report_and_its_status_says_whether_all_was_taken(
    tmp_path: Path, name: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    photographs(tmp_path / "photos", 2)
    monkeypatch.setattr(sys, "path", [*sys.path])
    words = ["replay", str(tmp_path / "photos"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [*words, "--black-box", f"tests.black_boxes:{name}"])
    assert result.exit_code == status
    report = BlackBoxReport.model_validate_json(result.stdout.splitlines()[-1])
    assert report.refused == 3 * status
    assert ("photo-0.jpg: black_box_failed: ZeroDivisionError" in result.stderr) is bool(status)


def test_intrinsics_belong_to_the_built_in_engine(tmp_path: Path) -> None:
    words = ["replay", str(tmp_path), "--out", str(tmp_path), "--intrinsics", "1,1,1,1", "--black-box", "a:b"]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, BadSettingsError)


def test_a_card_is_replayed_in_order_and_what_is_left_out_is_named_once(tmp_path: Path) -> None:
    card = write_card(tmp_path / "card")
    words = ["replay", str(card.folder), "--out", str(tmp_path / "out"), "--refetch-every", "100", "--no-final-refetch"]
    done = CliRunner().invoke(app, [*words, "--black-box", "tests.black_boxes:reads_pixels"])
    report = BlackBoxReport.model_validate_json(done.stdout.splitlines()[-1])
    assert (done.exit_code, report.refused) == (1, 0)
    assert [each.name for each in report.calls] == [name.rpartition("/")[2] for name, _ in card.taken]
    assert len(report.left_out) == len(card.left_out)
    check_named(card, done.stderr)
    good = tmp_path / "card/DCIM/101CANON"
    for raw in good.glob("*.DNG"):
        raw.unlink()
    words[1] = str(good)
    done = CliRunner().invoke(app, [*words, "--black-box", "tests.black_boxes:reads_pixels"])
    assert (done.exit_code, "left out" in done.stderr) == (0, False)
