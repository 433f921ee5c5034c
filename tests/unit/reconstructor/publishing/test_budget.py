"""What a full budget leaves out, and what it never does."""

from hypothesis import given
from hypothesis import strategies as st

from broker.ids import Encoding
from broker.manifest import LeftOut, ShardEntry
from reconstructor.publishing.budget import Budget
from tests.unit.reconstructor.publishing.entries import entry, reference_of


def kept(bytes_limit: int, entries: list[ShardEntry]) -> dict[int, str]:
    """The encodings that are retained of each shard, by index."""
    shown, _ = Budget(bytes_limit=bytes_limit).within(reference_of(entries))
    return {each.index: "+".join(sorted(one.encoding for one in each.encodings)) for each in shown.shards}


def test_within_the_budget_all_is_retained_and_nothing_is_encoded_again() -> None:
    reference = reference_of(entry(index) for index in range(200))
    shown, size_bytes = Budget(bytes_limit=2 * 200 * 400).within(reference)
    assert shown.shard_pages is reference.shard_pages
    assert (size_bytes, shown.manifest.left_out) == (200 * 400, LeftOut())


def test_the_ply_of_the_finest_levels_goes_first_then_the_finest_levels() -> None:
    shards = [entry(0), entry(1, level=1), entry(2, level=2)]
    assert kept(2 * 1200, shards) == {0: "packed+ply", 1: "packed+ply", 2: "packed+ply"}
    assert kept(2 * 900, shards) == {0: "packed+ply", 1: "packed+ply", 2: "packed"}
    assert kept(2 * 600, shards) == {0: "packed+ply", 1: "packed", 2: "packed"}
    assert kept(2 * 300, shards) == {0: "packed", 1: "packed", 2: "packed"}
    assert kept(2 * 200, shards) == {0: "packed", 1: "packed"}
    assert kept(2 * 100, shards) == {0: "packed"}


def test_the_newest_image_shows_whatever_its_level() -> None:
    shards = [entry(0), entry(1, level=1), entry(2, image_number=4), entry(3, level=2, image_number=5)]
    assert kept(2 * 200, shards) == {0: "packed", 3: "packed"}
    assert kept(1, shards) == {3: "packed"}


def test_of_equal_levels_the_oldest_increments_go_first_and_the_reference_set_stays() -> None:
    shards = [entry(0), *(entry(number, image_number=number) for number in range(1, 9))]
    assert kept(2 * 400, shards) == {0: "packed", 6: "packed", 7: "packed", 8: "packed"}


def test_the_manifest_says_what_is_left_out() -> None:
    shards = [entry(0), entry(1, level=1), entry(2, level=2)]
    shown, size_bytes = Budget(bytes_limit=2 * 500).within(reference_of(shards))
    assert shown.manifest.left_out == LeftOut(point_count=0, shard_count=0, ply_count=3)
    assert size_bytes == 300
    shown, _ = Budget(bytes_limit=2 * 200).within(reference_of(shards))
    assert shown.manifest.left_out == LeftOut(point_count=10, shard_count=1, ply_count=2)
    assert (shown.manifest.point_count, shown.manifest.shard_count) == (20, 2)
    assert shown.manifest.shard_pages == tuple(page.digest for page in shown.shard_pages)


def test_an_increment_to_a_full_budget_changes_its_own_page_and_the_one_that_makes_room() -> None:
    budget = Budget(bytes_limit=2 * 400 * 100)
    full = reference_of(entry(index, level=index // 200) for index in range(600))
    before, _ = budget.within(full)
    after, _ = budget.within(full.with_shards([entry(600, image_number=1)]))
    new = {page.digest for page in after.shard_pages} - {page.digest for page in before.shard_pages}
    assert len(new) == 2


@given(
    levels=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 500)), min_size=1, max_size=40),
    bytes_limit=st.integers(1, 20_000),
)
def test_what_is_retained_never_exceeds_half_of_the_budget(levels: list[tuple[int, int]], bytes_limit: int) -> None:
    shards = [entry(index, level=level, packed=size, ply=3 * size) for index, (level, size) in enumerate(levels)]
    shown, size_bytes = Budget(bytes_limit=bytes_limit).within(reference_of(shards))
    assert size_bytes == sum(one.size_bytes for each in shown.shards for one in each.encodings)
    assert shown.shards
    assert size_bytes <= bytes_limit // 2 or len(shown.shards) == 1
    assert all(each.encodings[-1].encoding is Encoding.PACKED for each in shown.shards)
