"""What is known of a broker that went away: everything from before our pointer, nothing from after it."""

from broker.ids import Encoding
from reconstructor.publishing.retained import Retained, ShardKey

OLD, NEW = ShardKey(1, Encoding.PLY, 0), ShardKey(1, Encoding.PLY, 1)


def sealed() -> Retained:
    retained = Retained()
    retained.hold(OLD, "a", 1)
    retained.pages.add("page/old")
    retained.seal(b"pointer")
    return retained


def test_what_came_before_the_pointer_is_kept() -> None:
    retained = sealed()
    retained.reopen()
    assert retained.digests == {OLD: "a"}
    assert retained.pages == {"page/old"}


def test_what_came_after_it_is_unsure() -> None:
    retained = sealed()
    retained.hold(NEW, "b", 1)
    retained.pages.add("page/new")
    retained.reopen()
    assert retained.digests == {OLD: "a"}
    assert retained.pages == {"page/old"}


def test_a_page_that_was_cleared_and_came_again_is_unsure() -> None:
    retained = sealed()
    retained.pages.discard("page/old")
    retained.cleared.add("page/old")
    retained.pages.add("page/old")
    retained.reopen()
    assert retained.pages == set()
    assert retained.cleared == {"page/old"}  # cleared again before it is sent again


def test_a_pointer_seals_what_came_before_it() -> None:
    retained = sealed()
    retained.hold(NEW, "b", 1)
    retained.cleared.add("page/gone")
    retained.seal(b"next pointer")
    retained.reopen()
    assert set(retained.digests) == {OLD, NEW}
    assert not retained.cleared
