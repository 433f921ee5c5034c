"""What a budget leaves: a folder is measured now and then, and what is written in between counts at once."""

import shutil
from pathlib import Path

import pytest

from broker.ids import ProjectId
from reconstructor.config import Settings
from reconstructor.storage.durable_files import DiskFullError
from reconstructor.storage.room import DiskBudgetError, DiskUse, Room, room_of, size_of

GIB = 1024**3
CHAPEL = ProjectId("chapel")


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def room(folder: Path, clock: Clock, *, project_bytes: int = 0, all_bytes: int = 0) -> Room:
    made = room_of(
        folder / CHAPEL,
        CHAPEL,
        reserve_bytes=0,
        project_bytes=project_bytes,
        all_bytes=all_bytes,
        all_use=DiskUse(folder, clock),
    )
    for budget in made.budgets:
        budget.use._clock = clock
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / CHAPEL / "images").mkdir(parents=True)
    (tmp_path / "tower").mkdir()
    (tmp_path / CHAPEL / "images" / "1.jpg").write_bytes(bytes(600))
    (tmp_path / "tower" / "1.jpg").write_bytes(bytes(300))
    return tmp_path


def test_size_counts_every_file_below_and_follows_no_link(folder: Path) -> None:
    (folder / "tower" / "link").symlink_to(folder / CHAPEL)
    link_bytes = (folder / "tower" / "link").lstat().st_size
    assert size_of(folder) == 900 + link_bytes
    assert size_of(folder / "nothing") == 0


def test_a_file_with_several_names_counts_once(folder: Path) -> None:
    (folder / ".backup-x").mkdir()
    (folder / ".backup-x" / "1.jpg").hardlink_to(folder / CHAPEL / "images" / "1.jpg")
    (folder / ".backup-x" / "2.jpg").hardlink_to(folder / "tower" / "1.jpg")
    assert size_of(folder) == 900
    assert size_of(folder / ".backup-x") == 900


def test_a_photograph_that_fits_is_taken_and_one_byte_more_is_not(folder: Path) -> None:
    limited = room(folder, Clock(), project_bytes=1000)
    limited.check(folder, 400)
    with pytest.raises(DiskBudgetError, match=r"project chapel takes .* project_disk_budget_bytes .*photographs wait"):
        limited.check(folder, 401)


def test_what_is_written_counts_before_the_folder_is_measured_again(folder: Path) -> None:
    clock = Clock()
    limited = room(folder, clock, project_bytes=1000)
    limited.check(folder, 400)
    limited.note(400)
    with pytest.raises(DiskBudgetError):
        limited.check(folder, 0)
    clock.now_s = 60.0  # it was not written after all, or somebody made room
    limited.check(folder, 0)


class SlowDisk:
    """A disk on which measuring takes a minute; its free space is what the test says."""

    def __init__(self, folder: Path) -> None:
        self.now_s, self.free_bytes, self.measured_count = 0.0, 10 * GIB, 0
        self.use = DiskUse(folder, self.clock, lambda _: self.free_bytes)

    def clock(self) -> float:
        return self.now_s

    def size_of(self, folder: Path) -> int:
        self.measured_count += 1
        self.now_s += 60.0
        return size_of(folder)


@pytest.fixture
def slow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    disk = SlowDisk(folder)
    monkeypatch.setattr("reconstructor.storage.room.size_of", disk.size_of)
    return disk


def test_a_project_that_went_away_is_seen_long_before_the_next_measurement(folder: Path, slow: SlowDisk) -> None:
    assert slow.use.size_bytes(500) == 900
    slow.now_s = 3600.0
    assert slow.use.size_bytes(500) == 900
    assert slow.measured_count == 1
    shutil.rmtree(folder / "tower")
    assert slow.use.size_bytes(500) == 600
    shutil.rmtree(folder / CHAPEL)
    assert slow.use.size_bytes(500) == 600  # ten minutes have not passed
    slow.now_s += 600.0
    assert slow.use.size_bytes(500) == 0


def test_free_space_that_changes_by_more_than_the_rest_has_the_folder_measured(folder: Path, slow: SlowDisk) -> None:
    limit_bytes = 900 + GIB
    slow.use.size_bytes(limit_bytes)
    slow.now_s = 3600.0
    slow.use.note(GIB // 2)
    slow.free_bytes -= GIB // 2  # what was written and noted changes nothing
    assert slow.use.size_bytes(limit_bytes) == 900 + GIB // 2
    assert slow.measured_count == 1
    slow.free_bytes -= GIB  # somebody copies something in
    assert slow.use.size_bytes(limit_bytes) == 900
    slow.now_s += 3600.0
    slow.free_bytes += 2 * GIB
    slow.use.size_bytes(limit_bytes)
    assert slow.measured_count == 3


def test_others_have_the_last_figure_while_one_measures(
    folder: Path, slow: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert slow.use.size_bytes(GIB) == 900
    meanwhile: list[int] = []

    def size_of_all(_: Path) -> int:
        meanwhile.append(slow.use.size_bytes(GIB))
        slow.use.note(50)
        return 700

    monkeypatch.setattr("reconstructor.storage.room.size_of", size_of_all)
    slow.now_s += 86_400.0
    assert slow.use.size_bytes(GIB) == 750
    assert meanwhile == [900]


def test_a_budget_of_all_projects_counts_the_others_too(folder: Path) -> None:
    limited = room(folder, Clock(), all_bytes=1000)
    limited.check(folder, 100)
    with pytest.raises(DiskBudgetError, match="all projects together"):
        limited.check(folder, 101)


def test_the_reserve_comes_before_budgets_and_without_either_everything_fits(folder: Path) -> None:
    with pytest.raises(DiskFullError):
        Room(reserve_bytes=1 << 60).check(folder, 1)
    Room().check(folder, 1)


def test_a_project_has_its_own_budget_or_the_one_of_all() -> None:
    settings = Settings(project_disk_budget_bytes=5, project_disk_budgets={CHAPEL: 7, ProjectId("tower"): 0})
    found = [settings.disk_budget_of(ProjectId(name)) for name in ("chapel", "tower", "gate")]
    assert found == [7, 0, 5]
