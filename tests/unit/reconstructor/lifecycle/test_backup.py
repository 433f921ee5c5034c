"""A backup is whole though the project is at work, and comes back only when everything in it is right."""

import errno
import io
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from broker.ids import AnnotationId, Generation, ProjectId, SenderId
from broker.wire.annotations import Note
from reconstructor.lifecycle import backup as backing_up
from reconstructor.lifecycle.backup import write_backup
from reconstructor.lifecycle.listing import BadBackupError, check_place
from reconstructor.lifecycle.restoring import check_backup, restore_backup
from reconstructor.schedule import JobKind
from reconstructor.storage.annotations import AnnotationKey
from reconstructor.storage.durable_files import DiskFullError, StoreError
from reconstructor.storage.images import StoredImage
from reconstructor.storage.store import Store
from tests.photographs import photograph
from tests.unit.reconstructor.lifecycle.backups import CHAPEL, Files, inspect_here, project_in, replace_version, rewrite
from tests.unit.reconstructor.storage.new_images import new_image


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "other").mkdir()
    opened = project_in(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def backup(store: Store, tmp_path: Path) -> Path:
    """Made while the store is open."""
    return write_backup(store.folder, CHAPEL, tmp_path / "chapel.cairn").file


async def restored(backup: Path, data_dir: Path, *, is_bare: bool = False) -> Store:
    name = ProjectId("abbey") if is_bare else None
    done = await restore_backup(backup, data_dir, inspect_here, project=name, with_black_box=not is_bare)
    return Store(done.folder, refetch_every=3)


async def test_a_project_comes_back_as_it_was(store: Store, backup: Path, tmp_path: Path) -> None:
    payload = photograph(77)
    store.add_image(new_image(payload, 77), payload)  # after the backup
    other = await restored(backup, tmp_path / "other")
    assert other.images() == store.images()[:3]
    assert [other.content(number) for number in (1, 2, 3)] == [store.content(number) for number in (1, 2, 3)]
    assert other.references.newest() == store.references.newest()
    assert other.next_job() == store.next_job()
    assert other.identity.store_id == store.identity.store_id
    assert (other.black_box_folder / "steps" / "000001.json").exists()
    assert check_backup(backup).project == CHAPEL
    other.close()


def test_it_says_how_many_images_it_holds_and_not_how_many_there_are_by_then(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link_all(source: Path, target: Path) -> None:
        if source.name == "images":
            store.add_image(
                new_image(photograph(77), 77), photograph(77)
            )  # one more comes after the database was copied
        return linked(source, target)

    linked = backing_up._link_all
    monkeypatch.setattr(backing_up, "_link_all", link_all)
    assert write_backup(store.folder, CHAPEL, tmp_path / "chapel.cairn").image_count == 3
    assert len(store.images()) == 4


def previewed(store: Store) -> StoredImage:
    """An image of which the preview and the original are there."""
    original, preview = photograph(78), photograph(79)
    small = replace(new_image(original, 78), sha256=None)
    store.add_preview(small, preview)
    return store.add_image(new_image(original, 78), original)[0]


@pytest.mark.parametrize("at", ["before the copy", "after the copy"])
async def test_a_preview_that_goes_while_the_backup_is_made_is_in_it_when_its_row_names_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def copy_database(source: Path, target: Path) -> None:
        if at == "before the copy":
            store.previews.drop([image])
        copied(source, target)
        if at == "after the copy":
            store.previews.drop([image])

    copied, image = backing_up.copy_database, previewed(store)
    assert image.preview_name is not None
    monkeypatch.setattr(backing_up, "copy_database", copy_database)
    backup = write_backup(store.folder, CHAPEL, tmp_path / "chapel.cairn").file
    check_backup(backup)
    other = await restored(backup, tmp_path / "other")
    assert other.image(image.number).has_original
    other.close()


def test_a_preview_that_came_and_went_meanwhile_has_the_backup_made_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_database(source: Path, target: Path) -> None:
        image = previewed(store)
        copied(source, target)
        store.previews.drop([image])
        copies.append(target)

    copied, copies = backing_up.copy_database, list[Path]()
    monkeypatch.setattr(backing_up, "copy_database", copy_database)
    check_backup(write_backup(store.folder, CHAPEL, tmp_path / "chapel.cairn").file)
    assert len(copies) == 2


def test_a_project_without_one_of_its_photographs_is_not_backed_up(store: Store, tmp_path: Path) -> None:
    store.path(store.image(2)).unlink()
    with pytest.raises(StoreError, match=r"lacks 1 files that its database names, images/.*jpg"):
        write_backup(store.folder, CHAPEL, tmp_path / "chapel.cairn")
    assert not list(tmp_path.glob("chapel.cairn*"))


@pytest.mark.parametrize("kind", ["images/", "generations/"])
def test_a_backup_that_lacks_what_its_database_names_is_found_before_the_project_goes(backup: Path, kind: str) -> None:
    def lose(files: Files) -> None:
        del files[next(name for name in files if name.startswith(kind) and not name.endswith(".json"))]

    rewrite(backup, lose)
    with pytest.raises(BadBackupError, match="that its database names are missing"):
        check_backup(backup)
    assert [path.name for path in backup.parent.iterdir() if path.name.startswith(".")] == []


async def test_without_the_black_boxs_files_everything_is_reconstructed_again(
    store: Store, backup: Path, tmp_path: Path
) -> None:
    other = await restored(backup, tmp_path / "other", is_bare=True)
    assert other.folder.name == "abbey"
    assert other.references.present() is None
    assert other.references.next_generation() > 1  # viewers have seen 1
    assert not list(other.black_box_folder.iterdir())
    jobs = []
    while (job := other.next_job([JobKind.ADD])) is not None:
        jobs.append(job.image_number)
        other.finish(job)
    assert jobs == [1, 2, 3]
    other.close()


@pytest.mark.parametrize("is_bare", [False, True])
async def test_a_note_comes_back_only_with_the_world_in_which_it_was_set(
    store: Store, tmp_path: Path, *, is_bare: bool
) -> None:
    key = AnnotationKey(type="note", user=SenderId("anna"), annotation=AnnotationId("a1"))
    note = Note(project=CHAPEL, generation=Generation(1), point=(1.0, 0.0, 5.0), text="crack")
    store.annotations.keep(key, 1, note.encode())
    backup = write_backup(store.folder, CHAPEL, tmp_path / "noted.cairn").file
    done = await restore_backup(
        backup, tmp_path / "other", inspect_here, project=ProjectId("abbey") if is_bare else None,
        with_black_box=not is_bare,
    )  # fmt: skip
    other = Store(done.folder, refetch_every=3)
    assert other.annotations.all() == ([] if is_bare else [(key, note.encode())])
    assert done.left_out_count == is_bare
    other.close()


async def test_a_project_that_is_there_is_not_replaced(store: Store, backup: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="exists"):
        await restored(backup, tmp_path / "data")
    with pytest.raises(StoreError, match="exists"):
        write_backup(store.folder, CHAPEL, backup)


@pytest.mark.parametrize(("free_bytes", "reserve_bytes"), [(5000, 0), (10_000_000, 9_999_000)])
def test_a_backup_that_does_not_fit_beside_the_reserve_is_not_begun(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int, reserve_bytes: int
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, free_bytes))
    monkeypatch.setattr(backing_up, "_write_tar", None)
    with pytest.raises(
        DiskFullError, match=r"the backup takes .* MB are left in .*: free some, or name a file on another"
    ):
        write_backup(store.folder, CHAPEL, tmp_path / "chapel.cairn", reserve_bytes=reserve_bytes)


@pytest.mark.parametrize(
    ("failure", "raised"), [(OSError(errno.ENOSPC, "No space left"), DiskFullError), (KeyboardInterrupt(), None)]
)
def test_of_a_backup_that_fails_halfway_nothing_stays(
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    raised: type[BaseException] | None,
) -> None:
    def fail(_path: Path) -> None:
        assert (tmp_path / "chapel.cairn.tmp").stat().st_size > 0
        raise failure

    monkeypatch.setattr(backing_up, "sync", fail)
    with pytest.raises(raised or KeyboardInterrupt, match=r"the disk is full: free" if raised else None):
        write_backup(store.folder, CHAPEL, tmp_path / "chapel.cairn")
    assert not list(tmp_path.glob("chapel.cairn*"))


def test_a_backup_into_a_folder_that_is_not_there_is_refused_in_words(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is no folder: make it first"):
        write_backup(store.folder, CHAPEL, tmp_path / "nowhere" / "chapel.cairn")


def an_image(files: Files) -> str:
    return next(name for name in files if name.startswith("images/") and name.endswith(".jpg"))


def of_database(statement: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(files["store.sqlite"])
            database.executescript(statement)
            files["store.sqlite"] = database.serialize()

    return change


def spoil_image(files: Files) -> None:
    files[an_image(files)] = b"not a photograph"


def spoil_shard(files: Files) -> None:
    name = next(name for name in files if name.startswith("generations/"))
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])


@pytest.mark.parametrize(
    "change",
    [
        spoil_image,
        spoil_shard,
        lambda files: files.pop(an_image(files)),
        lambda files: files.pop("store.sqlite"),
        lambda files: files.update({"../evil": b""}),
        lambda files: files.update({"images/../../evil": b""}),
        lambda files: files.update({"/etc/evil": b""}),
        lambda files: files.update({"lock": b""}),
        lambda files: files.update({"store.sqlite": b"SQLite format 3\0 and then nothing"}),
        of_database("CREATE TRIGGER evil AFTER INSERT ON images BEGIN DELETE FROM jobs; END"),
        of_database("DROP TABLE jobs; CREATE VIEW jobs AS SELECT * FROM facts"),
        of_database("UPDATE images SET file_name = '../../../etc/passwd' WHERE number = 2"),
        of_database("UPDATE images SET image_id = 'no id' WHERE number = 2"),
        of_database("UPDATE images SET sender = 'a/b' WHERE number = 2"),
        of_database("UPDATE images SET state = 'odd' WHERE number = 2"),
        of_database("UPDATE images SET stored_at = 9e999 WHERE number = 2"),
        of_database("UPDATE jobs SET kind = 'odd'"),
        of_database("INSERT INTO facts VALUES ('odd', 1)"),
        of_database("UPDATE facts SET value = 'x/#' WHERE name = 'session_token'"),
        of_database("UPDATE generations SET manifest = x'7b7d'"),
        of_database("PRAGMA user_version = 99"),
    ],
)
async def test_what_somebody_changed_is_refused_and_leaves_nothing(
    backup: Path, tmp_path: Path, change: Callable[[Files], None]
) -> None:
    rewrite(backup, change)
    with pytest.raises(BadBackupError):
        await restored(backup, tmp_path / "other")
    assert not list((tmp_path / "other").iterdir())


async def test_a_time_that_a_sender_said_and_no_clock_shows_is_left_out(backup: Path, tmp_path: Path) -> None:
    rewrite(backup, of_database("UPDATE images SET captured_at = -4e8 WHERE number = 2"))
    rewrite(backup, of_database("UPDATE images SET captured_at = 253402318799.0 WHERE number = 3"))
    other = await restored(backup, tmp_path / "other")
    assert [each.captured_at for each in other.images()[1:]] == [None, None]
    other.close()


async def test_damage_is_noticed(backup: Path, tmp_path: Path) -> None:
    rewrite(backup, spoil_image, is_listed_anew=False)
    with pytest.raises(BadBackupError):
        check_backup(backup)
    with pytest.raises(BadBackupError):
        await restored(backup, tmp_path / "other")


def test_another_file_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "other.cairn").write_bytes(b"no tar")
    with pytest.raises(BadBackupError, match="no backup"):
        check_backup(tmp_path / "other.cairn")


async def test_a_link_in_it_is_refused(backup: Path, tmp_path: Path) -> None:
    with tarfile.open(backup) as tar:
        contents = [(each, tar.extractfile(each)) for each in tar]
        with tarfile.open(tmp_path / "linked.cairn", "w") as other:
            for member, content in contents:
                payload = content.read() if content is not None else b""
                if member.name.startswith("images/"):
                    member.type, member.linkname, member.size, payload = tarfile.SYMTYPE, "/etc/passwd", 0, b""
                other.addfile(member, io.BytesIO(payload))
    with pytest.raises(BadBackupError, match="not as its listing says"):
        await restored(tmp_path / "linked.cairn", tmp_path / "other")


async def test_earlier_versions_and_notes_come_back(store: Store, tmp_path: Path) -> None:
    replace_version(store)
    backup = write_backup(store.folder, CHAPEL, tmp_path / "later.cairn").file
    other = await restored(backup, tmp_path / "other")
    assert other.references.earlier.shards(1) == store.references.earlier.shards(1)
    assert other.references.earlier.message(CHAPEL) is not None
    assert other.annotations.all() == store.annotations.all()
    assert len(other.annotations.all()) == 1
    other.close()


async def test_without_the_black_boxs_files_earlier_versions_go(store: Store, tmp_path: Path) -> None:
    replace_version(store)
    backup = write_backup(store.folder, CHAPEL, tmp_path / "later.cairn").file
    other = await restored(backup, tmp_path / "other", is_bare=True)
    assert other.references.earlier.message(CHAPEL) is None
    assert not list((other.folder / "earlier").iterdir())
    other.close()


def spoil_copy(files: Files) -> None:
    """The content of a copy is no longer what its name and row say."""
    name = a_copy(files)
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])


def swap_copy(files: Files) -> None:
    """A file that is no shard, under its own digest, which the row names."""
    files["earlier/" + sha256(b"x").hexdigest() + ".packed"] = b"x"
    files.update(named_instead(files, a_copy(files), sha256(b"x").hexdigest()))


def too_large(files: Files) -> None:
    files[a_copy(files)] = bytes(600 * 1024)


def a_copy(files: Files) -> str:
    return next(name for name in files if name.startswith("earlier/"))


def named_instead(files: Files, name: str, digest: str) -> Files:
    old = name.removeprefix("earlier/").removesuffix(".packed")
    changed = dict(files)
    statement = "UPDATE facts SET value = CAST(replace(CAST(value AS TEXT), '{}', '{}') AS BLOB)"
    of_database(statement.format(old, digest))(changed)
    return changed


@pytest.mark.parametrize(
    "change",
    [
        spoil_copy,
        swap_copy,
        too_large,
        lambda files: files.update({"earlier/../../evil.packed": b""}),
        lambda files: files.update({"earlier/evil": b""}),
        of_database("UPDATE facts SET value = x'5b317d' WHERE name = 'earlier_generations'"),
    ],
)
async def test_a_changed_copy_of_an_earlier_version_is_refused(
    store: Store, tmp_path: Path, change: Callable[[Files], None]
) -> None:
    replace_version(store)
    backup = write_backup(store.folder, CHAPEL, tmp_path / "later.cairn").file
    rewrite(backup, change)
    with pytest.raises(BadBackupError):
        await restored(backup, tmp_path / "other")
    assert not list((tmp_path / "other").iterdir())


async def test_a_copy_that_no_row_names_is_left_out(store: Store, tmp_path: Path) -> None:
    replace_version(store)
    backup = write_backup(store.folder, CHAPEL, tmp_path / "later.cairn").file
    unnamed = f"earlier/{'0' * 64}.packed"
    rewrite(backup, lambda files: files.update({unnamed: b"anything"}))
    other = await restored(backup, tmp_path / "other")
    assert not (other.folder / unnamed).exists()
    assert len(list((other.folder / "earlier").iterdir())) == 1
    other.close()


@pytest.mark.parametrize("place", ["", ".", "images", "images/.hidden", "images/a/b", "a.sqlite", "black_box/../x"])
def test_a_place_is_one_of_a_projects(place: str) -> None:
    with pytest.raises(BadBackupError):
        check_place(place)
