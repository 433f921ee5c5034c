"""Which of several stores may publish a project? Leader election: claims are compared by cloud, epoch and store. Pure.

A claim is what the broker retains: the manifest and the reconstructor's state name the store that published them. The
epoch is a fencing token: a store's own messages are never from a later epoch than the store knows, but for a copy of it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from broker.envelope import decode
from broker.errors import CairnError
from broker.manifest import Manifest
from broker.messages import ReconstructorPresence, ReconstructorState
from reconstructor.storage.identity import Run
from reconstructor.storage.reference_set import NOBODY


class AnotherReconstructorError(CairnError):
    """Another store publishes this project; this one publishes nothing and takes no image.

    Args:
        sentence: who it is and what to do.
        is_copy: whether the other one is a copy of this store, which has the same session on the broker.
    """

    code = "another_reconstructor"
    remedy = "Stop one of the two reconstructors; to take over on purpose, run `cairn reconstructor adopt PROJECT` on this one."

    def __init__(self, sentence: str, *, is_copy: bool) -> None:
        super().__init__(sentence)
        self.is_copy = is_copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A store as the wire shows it.

    Attributes:
        has_cloud: whether it has a reference set to publish.
        host: its machine; empty when only the manifest is known.
        presence: what it said last; None when only the manifest is known.
        said_at: and when.
    """

    store_id: str
    epoch: int
    boot_id: str = ""
    has_cloud: bool = False
    host: str = ""
    presence: ReconstructorPresence | None = None
    said_at: datetime | None = None

    @classmethod
    def of_state(cls, state: ReconstructorState) -> Self | None:
        """The claim of a state; None when it names no store."""
        if state.store_id is None:
            return None
        return cls(
            store_id=state.store_id,
            epoch=state.epoch,
            boot_id=state.boot_id,
            has_cloud=state.has_manifest,
            host=state.host,
            presence=state.presence,
            said_at=state.sent_at,
        )

    @classmethod
    def of_manifest(cls, payload: bytes) -> Self:
        """The claim of a manifest; one that cannot be read is nobody's, and a cloud all the same."""
        try:
            manifest = decode(payload, Manifest)
        except CairnError:
            return cls(store_id=NOBODY, epoch=0, has_cloud=True)
        return cls(store_id=manifest.store_id, epoch=manifest.epoch, has_cloud=True, said_at=manifest.sent_at)

    @property
    def is_nobody(self) -> bool:
        """Whether no store is named."""
        return self.store_id == NOBODY

    def is_ahead_of(self, run: Run) -> bool:
        """Whether this is a run of the same store that the store itself does not know: one of a copy."""
        is_other_run = self.epoch == run.epoch and self.boot_id not in {"", run.boot_id}
        return self.store_id == run.store_id and (self.epoch > run.epoch or is_other_run)

    def __str__(self) -> str:
        if self.is_nobody:
            return "a store without a name"
        where = f" on {self.host}" if self.host else ""
        said = f", {self.presence}" if self.presence else ""
        if self.presence is not ReconstructorPresence.OFFLINE and self.said_at:  # a last will is older than its event
            said += f" at {self.said_at:%Y-%m-%d %H:%M:%S} UTC"
        return f"store {self.store_id}{where} (epoch {self.epoch}{said})"


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the broker retains now: who published the manifest and the state, None where nothing is retained."""

    manifest: Candidate | None = None
    state: Candidate | None = None

    @property
    def is_free(self) -> bool:
        """Whether nobody has claimed the project."""
        return self.manifest is None and self.state is None

    def obstacle(self, latest: Run, *, has_cloud: bool) -> Candidate | None:
        """Whose project it is when a store starts; None when it is this store's or nobody's.

        The manifest decides, and only without one the state. A manifest without a store's name is taken over by a store
        that has a cloud of its own, never by an empty one.
        """
        owner = self.manifest or self.state
        if owner is None or (owner.is_nobody and has_cloud):
            return None
        if owner.store_id == latest.store_id:
            return next((each for each in (self.manifest, self.state) if each and each.is_ahead_of(latest)), None)
        return self.named(owner)

    def higher(self, run: Run, *, has_cloud: bool) -> Candidate | None:
        """The candidate before which a run steps back while it claims or serves; None when it is the first."""
        manifest, state = self.manifest, self.state
        own = (run.epoch, run.store_id)
        if manifest is not None and not manifest.is_nobody and (manifest.epoch, manifest.store_id) > own:
            return self.named(manifest)
        if state is None or state.boot_id == run.boot_id:
            return None
        if state.store_id == run.store_id:
            return state if (state.epoch, state.boot_id) > (run.epoch, run.boot_id) else None
        is_ours = manifest is not None and manifest.store_id == run.store_id
        if is_ours or (has_cloud, *own) > (state.has_cloud, state.epoch, state.store_id):
            return None
        return state

    def named(self, owner: Candidate) -> Candidate:
        """The owner of the manifest, with host and time if the state is of the same store."""
        return self.state if self.state is not None and self.state.store_id == owner.store_id else owner
