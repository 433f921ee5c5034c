"""A project is made from nothing but its images: numbers, names and jobs as they were."""

from pathlib import Path

import pytest

from reconstructor.lifecycle.image_import import IMPORTER, NoImagesToImportError, import_images
from reconstructor.storage.store import Store
from tests.photographs import photograph
from tests.unit.reconstructor.lifecycle.backups import inspect_here
from tests.unit.reconstructor.storage.new_images import add


async def test_a_stores_images_come_back_in_their_order(tmp_path: Path) -> None:
    first, second = Store(tmp_path / "chapel", refetch_every=3), Store(tmp_path / "again", refetch_every=3)
    images = add(first, 4)
    done = await import_images(first.images_folder, second, inspect_here)
    assert (done.taken, done.known, done.refused) == (4, 0, ())
    assert [(each.image_id, each.sender, each.sha256) for each in second.images()] == [
        (each.image_id, each.sender, each.sha256) for each in images
    ]
    assert second.counts()["open_jobs"] == first.counts()["open_jobs"] == 5  # one of them is a refetch
    assert (await import_images(first.images_folder, second, inspect_here)).known == 4
    first.close()
    second.close()


async def test_photographs_of_a_card_come_by_name_and_what_is_none_is_named(tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.mkdir()
    for seed, name in enumerate(["c.jpg", "a.jpg", "b.jpg"]):
        (card / name).write_bytes(photograph(seed))
    (card / "d.jpg").write_bytes(b"not a photograph")
    (card / "e.jpg").symlink_to("/etc/hostname")
    (card / "notes.txt").write_text("nothing", encoding="ascii")
    store = Store(tmp_path / "chapel", refetch_every=10)
    done = await import_images(card, store, inspect_here)
    assert (done.taken, [each.split(":")[0] for each in done.refused]) == (3, ["d.jpg"])
    assert [each.photographers_name for each in store.images()] == ["a.jpg", "b.jpg", "c.jpg"]
    assert {each.sender for each in store.images()} == {IMPORTER}
    with pytest.raises(NoImagesToImportError):
        await import_images(tmp_path / "nowhere", store, inspect_here)
    store.close()
