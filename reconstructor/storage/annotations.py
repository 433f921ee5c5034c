"""Which measures and notes did people leave? One row each, in the world of the newest generation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from broker.envelope import Vector3, decode
from broker.ids import AnnotationId, Generation, SenderId
from broker.manifest import Manifest
from broker.messages import Similarity
from broker.wire.annotations import MOST_REVISION, Measure, Note
from reconstructor.clouds.similarity import Sim3, rotation_from_quaternion
from reconstructor.storage.database import Database

Annotation: TypeAlias = Measure | Note
MODELS: Final[dict[str, type[Measure] | type[Note]]] = {"measure": Measure, "note": Note}
_LARGEST: Final = 1e12  # world units; beyond it a moved point would be noise


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationKey:
    """Which annotation: its kind, its author, and its id among the author's."""

    type: str
    user: SenderId
    annotation: AnnotationId


class Annotations:
    """The measures and notes of one project, each as the bytes that are published."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: AnnotationKey) -> bytes | None:
        """The stored message of an annotation, or None."""
        row = self._database.row(
            "SELECT payload FROM annotations WHERE type = ? AND user = ? AND id = ?",
            *(key.type, key.user, key.annotation),
        )
        return bytes(row["payload"]) if row is not None else None

    def all(self) -> list[tuple[AnnotationKey, bytes]]:
        """Every annotation with its message, in no particular order."""
        rows = self._database.rows("SELECT type, user, id, payload FROM annotations")
        return [
            (
                AnnotationKey(type=row["type"], user=SenderId(row["user"]), annotation=AnnotationId(row["id"])),
                bytes(row["payload"]),
            )
            for row in rows
        ]

    def count(self, user: SenderId) -> int:
        """How many measures and notes an account has left."""
        return self._database.number("SELECT count(*) FROM annotations WHERE user = ?", user)

    def keep(self, key: AnnotationKey, generation: int, payload: bytes) -> None:
        """Store an annotation in place of its earlier state; raises what `Database.transaction` raises."""
        with self._database.transaction():
            self._write(key, generation, payload)

    def remove(self, key: AnnotationKey) -> None:
        """Forget an annotation; raises what `Database.transaction` raises."""
        with self._database.transaction():
            self._database.change(
                "DELETE FROM annotations WHERE type = ? AND user = ? AND id = ?", key.type, key.user, key.annotation
            )

    def move(self, manifest: Manifest) -> int:
        """Move everything older into a manifest's world, inside the transaction that records it; returns how many moved."""
        generation, world_from_previous = manifest.generation, manifest.frame.world_from_previous
        if not self._database.number("SELECT count(*) FROM annotations WHERE generation < ?", generation):
            return 0
        moved_count = 0
        for key, payload in self.all():
            annotation = decode(payload, MODELS[key.type])
            if annotation.generation < generation:
                there = moved(annotation, world_from_previous, Generation(generation))
                self._write(key, generation, there.encode())
                moved_count += 1
        return moved_count

    def _write(self, key: AnnotationKey, generation: int, payload: bytes) -> None:
        self._database.change(
            "INSERT OR REPLACE INTO annotations (type, user, id, generation, payload) VALUES (?, ?, ?, ?, ?)",
            *(key.type, key.user, key.annotation, generation, payload),
        )


def moved(annotation: Annotation, target_from_source: Similarity, generation: Generation) -> Annotation:
    """The same annotation in the world of another generation, one revision on as far as a revision may go."""
    about = {"generation": generation, "revision": min(annotation.revision + 1, MOST_REVISION)}
    if isinstance(annotation, Measure):
        return annotation.model_copy(update={**about, "points": _moved(annotation.points, target_from_source)})
    (point,) = _moved((annotation.point,), target_from_source)
    return annotation.model_copy(update={**about, "point": point})


def _moved(points: Sequence[Vector3], similarity: Similarity) -> tuple[Vector3, ...]:
    """Points in the target frame; unchanged where it cannot hold them or nothing moves."""
    if similarity == Similarity():
        return tuple(points)
    sim3 = Sim3(
        scale=similarity.scale,
        rotation=rotation_from_quaternion(np.asarray(similarity.rotation_wxyz)),
        translation=np.asarray(similarity.translation, np.float64),
    )
    with np.errstate(all="ignore"):
        there = sim3.apply(np.asarray(points, np.float64))
    if not np.isfinite(there).all() or np.abs(there).max() > _LARGEST:
        return tuple(points)
    return tuple((float(x), float(y), float(z)) for x, y, z in there)
