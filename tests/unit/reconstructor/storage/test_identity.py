"""Is a store's name random and kept, and does no run get the epoch of another?"""

import shutil
from pathlib import Path

from reconstructor.storage.store import Store


def test_the_names_are_random_and_kept_with_the_store(tmp_path: Path) -> None:
    names = set()
    for name in ("chapel", "tower", "chapel"):
        store = Store(tmp_path / name, refetch_every=10)
        names.add((store.identity.store_id, store.identity.session_token))
        store.close()
    assert len(names) == 2
    assert all(len(word) == 16 and store_id != token for store_id, token in names for word in (store_id, token))


def test_the_epoch_grows_at_every_start_that_claims_the_project(tmp_path: Path) -> None:
    for count in range(3):
        store = Store(tmp_path / "chapel", refetch_every=10)
        assert store.identity.latest.epoch == count
        run = store.identity.next(f"boot-{count}")
        assert run.epoch == count + 1
        assert store.identity.latest.epoch == count  # a refused start takes none
        store.identity.keep(run)
        assert store.identity.latest == run
        store.close()


def test_an_adopted_project_goes_on_above_the_epoch_of_its_former_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10)
    assert store.identity.next("boot", above=41).epoch == 42
    store.close()


def test_a_copied_folder_is_the_same_store(tmp_path: Path) -> None:
    first = Store(tmp_path / "first", refetch_every=10)
    first.close()
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    second = Store(tmp_path / "second", refetch_every=10)
    assert second.identity.store_id == first.identity.store_id
    second.close()
