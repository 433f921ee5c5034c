"""What was the object like before? A row for each generation, and a coarse copy of each of the last replaced ones."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Final

from pydantic import TypeAdapter, ValidationError

from broker.files import UNFINISHED
from broker.ids import Encoding, Generation, ProjectId
from broker.manifest import Manifest, ShardEntry
from broker.shards import MAX_POINTS, PointCloud, decode, encode, sha256
from broker.wire.history import MOST_EARLIER_SHARDS, MOST_GENERATIONS, EarlierShard, GenerationHistory, GenerationRow
from broker.wire.history_channels import MAX_HISTORY_BYTES
from reconstructor.storage.database import Database
from reconstructor.storage.durable_files import StoreError, make_folder, remove_unfinished, write_durably
from reconstructor.storage.reference_set import ReferenceSet

FACT: Final = "earlier_generations"
EARLIER: Final = "earlier"  # the folder of the copies below a project's
_DECIMALS: Final = 4
_ENVELOPE_BYTES: Final = 1024  # of the message around the rows
_ROWS: Final = TypeAdapter(tuple[GenerationRow, ...])
_SUFFIX: Final = f".{Encoding.PACKED.value}"
MOST_POINTS: Final = MOST_EARLIER_SHARDS * MAX_POINTS


class GenerationNotKeptError(StoreError):
    """A generation of which the disk has no points any more."""

    code = "generation_not_kept"
    remedy = "Choose a later version; earlier_generations says how many are kept."


class EarlierGenerations:
    """The generations of one project up to the present one.

    The rows are one fact of the database. A replaced generation's shards are files named by their digests; a row names
    them, and a file that is not there is not offered.

    Args:
        kept_count: of how many replaced generations the shards are kept.
    """

    def __init__(self, database: Database, folder: Path, *, kept_count: int) -> None:
        self._database, self._kept_count = database, kept_count
        self._folder = make_folder(folder / EARLIER)
        remove_unfinished(self._folder)

    def begin(self, reference: ReferenceSet, before: ReferenceSet | None = None) -> None:
        """Add a row for a new generation, inside the transaction that makes it the present one.

        Args:
            reference: the new generation with its cameras.
            before: the last revision of the one that it replaces, whose row gets its last figures.
        """
        manifest, rows = reference.manifest, self._rows()
        if before is not None:
            rows = tuple(
                each.model_copy(update=accuracy_of(before)) if each.generation == before.manifest.generation else each
                for each in rows
            )
        if manifest.generation == 0 or any(each.generation >= manifest.generation for each in rows):
            return
        row = GenerationRow(
            generation=Generation(manifest.generation),
            made_at=manifest.sent_at,
            first_image_count=manifest.image_count,
            image_count=manifest.image_count,
            point_count=manifest.point_count,
            offset=manifest.frame.offset,
            world_from_previous=manifest.frame.world_from_previous,
        ).model_copy(update=accuracy_of(reference))
        self._write((*rows, row))

    def wants(self, generation: int) -> bool:
        """Whether a generation that another one replaced has no copy yet and is to have one."""
        return self._kept_count > 0 and any(each.generation == generation and not each.shards for each in self._rows())

    def keep(self, manifest: Manifest, clouds: Iterable[PointCloud]) -> None:
        """Keep a coarse copy of a generation that another one replaces.

        Args:
            manifest: the generation in its last revision.
            clouds: its shards that `coarse` chooses.

        Raises:
            DiskFullError: there is no room.
            StoreError: another trouble with the disk.
        """
        files, shards = {}, []
        for index, cloud in enumerate(_thinned(PointCloud.join(list(clouds)))):
            payload = encode(cloud, Encoding.PACKED)
            digest = sha256(payload)
            files[f"{digest}{_SUFFIX}"] = payload
            shard = EarlierShard(index=index, sha256=digest, size_bytes=len(payload), point_count=len(cloud))
            shards.append(shard)
        write_durably(self._folder, files)
        changes = {
            "shards": tuple(shards),
            "image_count": manifest.image_count,
            "point_count": manifest.point_count,
        }
        with self._database.transaction():
            rows = self._rows()
            self._write(
                tuple(
                    each.model_copy(update=changes) if each.generation == manifest.generation else each for each in rows
                )
            )
        self._remove_unnamed()

    def shards(self, generation: int) -> tuple[tuple[EarlierShard, bytes], ...]:
        """The kept shards of a generation with their bytes, checked.

        Raises:
            GenerationNotKeptError: there are none, or a file is not there as it was written.
        """
        row = next((each for each in self._rows() if each.generation == generation), None)
        if row is None or not row.shards:
            raise GenerationNotKeptError(f"generation {generation} is not kept any more")
        return tuple((each, self._read(generation, each)) for each in row.shards)

    def message(self, project: ProjectId) -> GenerationHistory | None:
        """Every row, with its shards as far as the disk has them; None before the first generation."""
        rows = tuple(row if self._is_there(row) else row.model_copy(update={"shards": ()}) for row in self._rows())
        return GenerationHistory(project=project, generations=rows) if rows else None

    def check(self) -> None:
        """Read every copy that a row names and that is there, and remove the others.

        Raises:
            StoreError, BadShardError: the rows do not read, or a copy is not what its row says.
        """
        try:
            _ROWS.validate_json(self._database.fact(FACT) or b"[]")
        except ValidationError as exc:
            raise StoreError(f"the rows of earlier versions do not read: {exc.errors()[0]['msg']}") from exc
        self._remove_unnamed()
        for row in self._rows():
            for shard in row.shards if self._is_there(row) else ():
                payload = self._read(row.generation, shard)
                if len(payload) != shard.size_bytes or len(decode(payload, Encoding.PACKED)) != shard.point_count:
                    raise StoreError(f"a copy of generation {row.generation} has another size than its row says")

    def _is_there(self, row: GenerationRow) -> bool:
        return all((self._folder / f"{each.sha256}{_SUFFIX}").is_file() for each in row.shards)

    def _read(self, generation: int, shard: EarlierShard) -> bytes:
        with contextlib.suppress(OSError):
            payload = (self._folder / f"{shard.sha256}{_SUFFIX}").read_bytes()
            if sha256(payload) == shard.sha256:
                return payload
        raise GenerationNotKeptError(f"the points of generation {generation} are gone from the disk")

    def _rows(self) -> tuple[GenerationRow, ...]:
        return rows_in(self._database.fact(FACT))

    def _write(self, rows: tuple[GenerationRow, ...]) -> None:
        """Record the rows, of which the oldest go; inside a transaction."""
        rows = rows[-MOST_GENERATIONS:]
        having = [each.generation for each in rows if each.shards]
        kept = set(having[max(0, len(having) - self._kept_count) :])
        rows = tuple(each if each.generation in kept else each.model_copy(update={"shards": ()}) for each in rows)
        while len(payload := _ROWS.dump_json(rows)) > MAX_HISTORY_BYTES - _ENVELOPE_BYTES:
            rows = rows[1:]
        self._database.set_fact(FACT, payload)

    def _remove_unnamed(self) -> None:
        named = {f"{each.sha256}{_SUFFIX}" for row in self._rows() for each in row.shards}
        for path in self._folder.iterdir():
            if path.name not in named and path.suffix != UNFINISHED:
                path.unlink(missing_ok=True)


def rows_in(payload: bytes | None) -> tuple[GenerationRow, ...]:
    """The rows as they are stored."""
    try:
        return _ROWS.validate_json(payload or b"[]")
    except ValidationError:  # of a version whose rows differ
        return ()


def accuracy_of(reference: ReferenceSet) -> dict[str, float | None]:
    """What a row says of cameras and scale: the mean reprojection error of the leading component's placed cameras."""
    errors = [
        each.reprojection_error_px
        for each in reference.cameras
        if each.world_from_camera is not None and not each.component and each.reprojection_error_px is not None
    ]
    frame = reference.manifest.frame
    return {
        "mean_reprojection_error_px": round(fmean(errors), _DECIMALS) if errors else None,
        "metres_per_unit": frame.metres_per_unit,
        "scale_deviation_ratio": frame.scale_deviation_ratio,
    }


def coarse(entries: Iterable[ShardEntry]) -> list[ShardEntry]:
    """The shards of the leading component's coarsest levels, up to the level that reaches the limit."""
    leading = sorted((each for each in entries if each.component == 0), key=lambda each: each.level)
    chosen: list[ShardEntry] = []
    count = 0
    for entry in leading:
        if count >= MOST_POINTS and entry.level > chosen[-1].level:
            break
        chosen.append(entry)
        count += entry.point_count
    return chosen


def _thinned(cloud: PointCloud) -> list[PointCloud]:
    """Parts that each spread over the whole object; with more points than the limit, some are left out evenly."""
    count = -(-len(cloud) // MAX_POINTS)
    return [cloud.take(slice(part, None, count)) for part in range(min(count, MOST_EARLIER_SHARDS))]
