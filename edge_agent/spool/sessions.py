"""Which of this rig's photographs did the reconstructor place? Known by the session in their ids."""

from collections.abc import Iterable

from broker.ids import AgentId
from broker.messages import CameraEntry, Cameras, CameraState

SPOOL_NAME_LENGTH = 32  # of the agent's name in a spool's session; with a random tail it fits an image id
UPLOAD_NAME_LENGTH = 30


def upload_session(agent: AgentId) -> str:
    """The session of files that are named by hand: the same files get the same ids."""
    return f"{agent[:UPLOAD_NAME_LENGTH].rstrip('-')}-upload"


def own_placed(cameras: Cameras, sessions: Iterable[str]) -> list[CameraEntry]:
    """The placed cameras whose images were taken in one of the sessions."""
    ours = frozenset(sessions)
    return [each for each in cameras.cameras if each.state is CameraState.PLACED and each.image_id.session in ours]
