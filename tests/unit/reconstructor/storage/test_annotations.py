"""Measures and notes are kept in the world of the newest generation."""

from pathlib import Path

import numpy as np
import pytest

from broker.envelope import BadMessageError, decode
from broker.ids import AnnotationId, Generation, ProjectId, SenderId
from broker.messages import Similarity, WorldFrame
from broker.wire.annotations import MOST_REVISION, Measure, MeasureKind, Note
from reconstructor.storage.annotations import AnnotationKey, Annotations, moved
from reconstructor.storage.database import Database
from reconstructor.storage.reference_set import ReferenceSet

CHAPEL = ProjectId("chapel")
TURN = Similarity(scale=2.0, rotation_wxyz=(0.5**0.5, 0.0, 0.0, 0.5**0.5), translation=(1.0, 0.0, -3.0))
KEY = AnnotationKey(type="measure", user=SenderId("anna"), annotation=AnnotationId("a1"))


def measure(generation: int = 1) -> Measure:
    points = ((0.0, 0.0, 0.0), (1.0, 2.0, 2.0))
    return Measure(
        project=CHAPEL, generation=Generation(generation), kind=MeasureKind.DISTANCE, points=points, name="door"
    )


def note() -> Note:
    return Note(project=CHAPEL, generation=Generation(1), revision=4, point=(1.0, 0.0, 5.0), text="crack")


def opened(folder: Path) -> tuple[Database, Annotations]:
    database = Database(folder / "store.sqlite")
    return database, Annotations(database)


def test_a_moved_measure_has_the_lengths_of_its_new_world() -> None:
    there = moved(measure(), TURN, Generation(2))
    assert isinstance(there, Measure)
    assert np.allclose(there.points, [(1, 0, -3), (-3, 2, 1)])
    assert np.linalg.norm(np.subtract(there.points[1], there.points[0])) == pytest.approx(6.0)
    assert (there.generation, there.revision, there.name) == (2, 2, "door")


def test_a_moved_note_keeps_its_words() -> None:
    there = moved(note(), TURN, Generation(2))
    assert isinstance(there, Note)
    assert np.allclose(there.point, (1, 2, 7))
    assert (there.generation, there.revision, there.text) == (2, 5, "crack")


def test_a_world_that_cannot_hold_a_point_leaves_it_where_it_was() -> None:
    far = Similarity(scale=1e300, translation=(1e308, 0.0, 0.0))
    there = moved(note(), far, Generation(2))
    assert isinstance(there, Note)
    assert there.point == note().point


def test_only_older_ones_move_and_each_moves_once(tmp_path: Path) -> None:
    database, annotations = opened(tmp_path)
    younger = AnnotationKey(type="measure", user=SenderId("bert"), annotation=AnnotationId("a1"))
    frame = WorldFrame(world_from_previous=TURN)
    second = ReferenceSet.empty(CHAPEL).with_manifest(generation=Generation(2), frame=frame).manifest
    annotations.keep(KEY, 1, measure().encode())
    annotations.keep(younger, 2, measure(2).encode())
    for expected in (1, 0):
        with database.transaction():
            assert annotations.move(second) == expected
    payloads = dict(annotations.all())
    assert np.allclose(decode(payloads[KEY], Measure).points[1], (-3, 2, 1))
    assert decode(payloads[younger], Measure).points == measure().points
    database.close()


def test_one_of_the_highest_revision_can_be_moved_and_read_again(tmp_path: Path) -> None:
    database, annotations = opened(tmp_path)
    annotations.keep(KEY, 1, measure().model_copy(update={"revision": MOST_REVISION}).encode())
    for generation in (2, 3):
        manifest = ReferenceSet.empty(CHAPEL).with_manifest(generation=Generation(generation)).manifest
        with database.transaction():
            assert annotations.move(manifest) == 1
    ((_, payload),) = annotations.all()
    there = decode(payload, Measure)
    assert (there.generation, there.revision) == (3, MOST_REVISION)
    database.close()


def test_annotations_are_counted_by_account_and_forgotten_one_by_one(tmp_path: Path) -> None:
    database, annotations = opened(tmp_path)
    noted = AnnotationKey(type="note", user=SenderId("anna"), annotation=AnnotationId("a1"))
    annotations.keep(KEY, 1, measure().encode())
    annotations.keep(KEY, 1, measure().encode())
    annotations.keep(noted, 1, words := note().encode())
    assert (annotations.count(SenderId("anna")), annotations.count(SenderId("bert"))) == (2, 0)
    annotations.remove(KEY)
    assert annotations.find(KEY) is None
    assert annotations.find(noted) == words
    database.close()


def test_a_store_of_schema_3_gets_its_table(tmp_path: Path) -> None:
    database, _ = opened(tmp_path)
    with database.transaction():
        database.change("DROP TABLE annotations")
    database.change("PRAGMA user_version = 3")
    database.close()
    database, annotations = opened(tmp_path)
    annotations.keep(KEY, 1, measure().encode())
    assert annotations.count(SenderId("anna")) == 1
    database.close()


@pytest.mark.parametrize(
    ("kind", "count", "is_right"),
    [
        ("distance", 2, True),
        ("distance", 3, False),
        ("height", 2, True),
        ("height", 3, False),
        ("angle", 2, False),
        ("angle", 3, True),
        ("area", 2, False),
        ("area", 40, True),
    ],
)
def test_each_kind_has_its_number_of_points(kind: str, count: int, *, is_right: bool) -> None:
    right = measure().encode().replace(b'"distance"', f'"{kind}"'.encode())
    points = b",".join([b"[0.0,0.0,0.0]"] * count)
    payload = right.replace(b"[0.0,0.0,0.0],[1.0,2.0,2.0]", points)
    if is_right:
        assert len(decode(payload, Measure).points) == count
    else:
        with pytest.raises(BadMessageError, match=kind):
            decode(payload, Measure)


def test_the_largest_measure_and_note_fit_their_channel() -> None:
    corner = (-12345.678901234567, 0.1234567890123456, 1.2345678901234567e-10)
    largest = Measure(
        project=ProjectId("p" * 63), generation=Generation(999_999_999), kind=MeasureKind.AREA, points=(corner,) * 40,
        name="\U0001f3db" * 80,
    )  # fmt: skip
    words = Note(project=CHAPEL, generation=Generation(1), point=corner, text="\U0001f3db" * 500)
    assert max(len(largest.encode()), len(words.encode())) <= 4096
