"""Places are counted in all and per address; who waits longest without a request gives way, never one at work."""

import pytest

from viewer.network import connections
from viewer.network.connections import Connections, Place


class Door:
    """Connections, with a record of which were closed."""

    def __init__(self, most: int) -> None:
        self.connections, self.closed = Connections(most), list[str]()

    def enter(self, name: str, network: str | None) -> Place | None:
        place = Place(network, lambda: self.closed.append(name))
        return place if self.connections.enter(place) else None


def test_the_longest_waiting_gives_way_when_all_places_are_taken() -> None:
    door = Door(3)
    places = {name: door.enter(name, name) for name in "abc"}
    assert places["a"]
    door.connections.at_work(places["a"])
    assert door.enter("d", "d")
    assert door.enter("e", "e")
    assert door.closed == ["b", "c"]
    door.connections.waits(places["a"])
    assert door.enter("f", "f")
    assert door.enter("g", "g")
    assert door.enter("h", "h")
    assert door.closed == ["b", "c", "d", "e", "a"]


def test_nobody_at_work_gives_way() -> None:
    door = Door(2)
    for name in "ab":
        place = door.enter(name, name)
        assert place
        door.connections.at_work(place)
    assert door.enter("c", "c") is None
    assert door.closed == []


def test_an_address_gives_way_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_PER_ADDRESS", 2)
    door = Door(100)
    for name in ("other", "first", "second", "third"):
        assert door.enter(name, "1.1.1.1" if name == "other" else "2.2.2.2")
    assert door.closed == ["first"]


def test_a_proxy_speaks_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_PER_ADDRESS", 2)
    door = Door(100)
    assert all(door.enter(str(number), None) for number in range(50))
    assert door.closed == []


def test_places_come_back_once() -> None:
    door = Door(1)
    place = door.enter("a", "a")
    assert place
    door.connections.leave(place)
    door.connections.leave(place)
    assert door.enter("b", "b")
    assert door.closed == []
    assert len(door.connections._places) == 1
