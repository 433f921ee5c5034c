"""Which photographs are this rig's? Their ids begin with one of the rig's sessions."""

from collections.abc import Iterable

from broker.ids import AgentId
from broker.manifest import CameraEntry, CameraState

# Of the agent's name in a spool's session; with a random tail it fits an image id.
SPOOL_NAME_LENGTH = 32
UPLOAD_NAME_LENGTH = 30


def upload_session(agent: AgentId) -> str:
    """The session of files uploaded by hand; without a random tail, so that the same files get the same ids."""
    return f"{agent[:UPLOAD_NAME_LENGTH].rstrip('-')}-upload"


def own_placed(cameras: Iterable[CameraEntry], sessions: Iterable[str]) -> list[CameraEntry]:
    """The placed cameras whose images were taken in one of the sessions."""
    ours = frozenset(sessions)
    return [each for each in cameras if each.state is CameraState.PLACED and each.image_id.session in ours]
