"""A project with images, points and a black box's file, and backups of it that somebody changed."""

import io
import json
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np

from broker.ids import AnnotationId, Generation, ProjectId, SenderId
from broker.messages import Error
from broker.wire.annotations import Note
from reconstructor.clouds.ply import WideCloud
from reconstructor.decoders.inspection import Inspected, PixelLimits, inspect
from reconstructor.lifecycle.listing import LISTING_NAME
from reconstructor.publishing.manifests import begin
from reconstructor.storage.annotations import AnnotationKey
from reconstructor.storage.images import ImageState
from reconstructor.storage.store import Change, Store
from tests.unit.reconstructor.storage.new_images import add

CHAPEL = ProjectId("chapel")
PIXELS = PixelLimits(reduced=150_000_000, full=150_000_000, side_px=32_768)
Files = dict[str, bytes]


async def inspect_here(content: bytes) -> Inspected:
    """Inspect an image as a decoder process does, without one."""
    return inspect(content, PIXELS)


def project_in(data_dir: Path) -> Store:
    """A store with three images, of which the first is reconstructed and published."""
    store = Store(data_dir / CHAPEL, refetch_every=3)
    add(store, 3)
    points = np.random.default_rng(1).uniform(0, 1, (500, 3))
    cloud = WideCloud(points_in_world=points, colors_rgb=np.full((500, 3), 128, np.uint8))
    following = begin(cloud, project=CHAPEL, generation=1, previous=None, image_count=1, update=None)
    store.past_events.add(Error(project=CHAPEL, code="black_box_failed", reason="for a test"))
    store.identity.keep(store.identity.next("0" * 32))
    store.pause(is_paused=True)
    store.count_error()
    store.count_rejected()
    store.keep_scale_bar(b"{}", None)
    job = store.next_job()
    assert job is not None
    states = {str(store.image(1).image_id): ImageState.PLACED}
    store.commit(job, Change(reference=following.reference, shards=following.shards, states=states, solution=1))
    store.finish(job)
    (store.black_box_folder / "steps").mkdir()
    (store.black_box_folder / "steps" / "000001.json").write_text("{}", encoding="ascii")
    return store


def replace_version(store: Store) -> None:
    """Replace the present generation by another one, and leave a note on it."""
    points = np.random.default_rng(2).uniform(0, 1, (700, 3))
    cloud = WideCloud(points_in_world=points, colors_rgb=np.full((700, 3), 90, np.uint8))
    present = store.references.present()
    following = begin(cloud, project=CHAPEL, generation=2, previous=present, image_count=3, update=None)
    store.references.extend(following.reference, following.shards)
    store.references.keep_earlier()
    note = Note(project=CHAPEL, generation=Generation(2), point=(1.0, 2.0, 3.0), text="crack")
    key = AnnotationKey(type="note", user=SenderId("anna"), annotation=AnnotationId("n1"))
    store.annotations.keep(key, 2, note.encode())


def rewrite(backup: Path, change: Callable[[Files], None], *, is_listed_anew: bool = True) -> None:
    """Change the files of a backup, and by default its listing as well, as an attacker does."""
    with tarfile.open(backup) as tar:
        files = {each.name: content.read() for each in tar if (content := tar.extractfile(each)) is not None}
    listing = json.loads(files.pop(LISTING_NAME))
    change(files)
    if is_listed_anew:
        listing["files"] = {
            name: {"size_bytes": len(content), "sha256": sha256(content).hexdigest()} for name, content in files.items()
        }
    with tarfile.open(backup, "w") as tar:
        for name, payload in {LISTING_NAME: json.dumps(listing).encode(), **files}.items():
            member = tarfile.TarInfo(name)
            member.size = len(payload)
            tar.addfile(member, io.BytesIO(payload))
