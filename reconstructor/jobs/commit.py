"""What does a black box's answer change? The commit plan: next manifest, cameras, and the state of each image."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from broker.errors import CairnError
from broker.ids import ProjectId
from broker.manifest import CameraEntry
from reconstructor.black_box import CameraUpdate, Update
from reconstructor.config import Baseline
from reconstructor.jobs.answer import Answer
from reconstructor.metric_scale.estimate import estimate_scale
from reconstructor.metric_scale.scale import Scaling
from reconstructor.publishing.camera_changes import centres_of, facts_of, renewed
from reconstructor.publishing.components import counted
from reconstructor.publishing.manifests import NextReference, begin, grow
from reconstructor.schedule import Job, JobKind
from reconstructor.storage.images import ImageState, StoredImage
from reconstructor.storage.reference_set import ReferenceSet
from reconstructor.storage.store import Change, Store


class RefetchRejectedError(CairnError):
    """The complete solution was worse than the present one; the present one stays."""

    code = "refetch_rejected"
    remedy = "Nothing: the present cloud stays. More overlap helps the next refetch."


class NoLeadingCloudError(CairnError):
    """A complete answer without points of the component that leads."""

    code = "black_box_no_leading_cloud"
    remedy = (
        "Let the function return the leading component's points in a PLY whose name does not begin with component-."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitPlan:
    """What to store, and the errors to publish with it."""

    change: Change
    remarks: tuple[CairnError, ...] = ()


def plan_commit(
    job: Job, answer: Answer, store: Store, *, project: ProjectId, baseline: Baseline | None = None
) -> CommitPlan:
    """Plan what one answer changes; reads the store and changes nothing.

    Raises:
        CairnError: the cloud does not fit what viewers have.
    """
    images = store.images() if answer.update is not None else []  # who speaks of no image needs none
    entries = tuple(camera_entries(answer.update, images))
    measured = estimate_scale(answer.update, entries, images, store, baseline)
    scaling = Scaling(measured=measured, is_fixed=bool(store.scale_bar()))
    following = _following(job, answer, store, project=project, scaling=scaling)
    reference = following.reference if following else None
    if entries:
        reference = with_cameras(reference, entries, store, project=project, image_count=job.image_number)
    change = Change(
        reference=reference,
        shards=following.shards if following else (),
        states=_states(job, answer, store),
        solution=answer.solution,
        wants_refetch=job.kind is JobKind.ADD and answer.wants_refetch,
    )
    return CommitPlan(change=change, remarks=tuple(_remarks(job, answer)))


def _following(job: Job, answer: Answer, store: Store, *, project: ProjectId, scaling: Scaling) -> NextReference | None:
    if not answer.has_points or (job.kind is JobKind.REFETCH and answer.is_rejected):
        return None
    reference = store.references.newest()
    if reference is not None and job.kind is JobKind.ADD:
        return grow(reference, answer.increments, image_number=job.image_number, update=answer.update, scaling=scaling)
    if answer.cloud is None:
        raise NoLeadingCloudError("the black box returned points of further components, and none of the leading one")
    return begin(
        answer.cloud,
        further=answer.further,
        project=project,
        generation=store.references.next_generation(),
        previous=store.references.present(),
        image_count=job.image_number,
        update=answer.update,
        scaling=scaling,
    )


def with_cameras(
    following: ReferenceSet | None,
    entries: tuple[CameraEntry, ...],
    store: Store,
    *,
    project: ProjectId,
    image_count: int,
) -> ReferenceSet | None:
    """The next reference set with these cameras; without new points, the present one if a camera changed."""
    reference = following or store.references.present() or ReferenceSet.empty(project)
    manifest = reference.manifest
    pages = renewed(reference.camera_pages, entries, project, centres_of(reference))
    if following is None and [page.digest for page in pages] == list(manifest.camera_pages):
        return None
    return reference.with_cameras(pages).with_manifest(
        revision=manifest.revision + (following is None),
        image_count=max(manifest.image_count, image_count),
        components=counted(manifest.components, entries, max(manifest.image_count, image_count)),
    )


def camera_entries(update: Update | None, images: Iterable[StoredImage]) -> Iterator[CameraEntry]:
    """Entries of the images that the project has; a black box may know others."""
    image_by_id = {str(image.image_id): image for image in images}
    for camera in update.cameras if update is not None else ():
        image = image_by_id.get(camera.image_id)
        if image is not None:
            yield _entry(camera, image)


def _entry(camera: CameraUpdate, image: StoredImage) -> CameraEntry:
    entry = CameraEntry(
        image_id=image.image_id,
        image_number=image.number,
        state=camera.state,
        component=camera.component,
        code=camera.code.strip("_") or None,
        reason=camera.reason or None,
        world_from_camera=camera.world_from_camera,
        intrinsics=camera.intrinsics,
        distortion=camera.distortion,
        reprojection_error_px=camera.reprojection_error_px,
        width_px=camera.width_px or None,
        height_px=camera.height_px or None,
    )
    return entry.model_copy(update=facts_of(image))


def _states(job: Job, answer: Answer, store: Store) -> dict[str, ImageState]:
    """The new state of each image; always one for the job's own image."""
    update = answer.update
    said = {camera.image_id: ImageState(camera.state.value) for camera in update.cameras} if update else {}
    if job.kind is JobKind.ADD and (own := store.image(job.image_number).image_id) not in said:
        is_waiting = update is not None and not answer.has_points
        said[own] = ImageState.WAITING if is_waiting else ImageState.UNKNOWN
    return said


def _remarks(job: Job, answer: Answer) -> Iterator[CairnError]:
    if job.kind is JobKind.REFETCH and answer.update is not None and answer.is_rejected:
        yield RefetchRejectedError(answer.update.refetch_rejected)
