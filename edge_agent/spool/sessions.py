"""Which photographs are this rig's? Their ids begin with one of the rig's sessions."""

import secrets
from collections.abc import Callable, Iterable
from typing import Final

from broker.ids import AgentId, is_session_of_rig
from broker.logs import get_logger
from broker.manifest import CameraEntry, CameraState
from edge_agent.spool.index import SpoolIndex, SpoolKey

# Of the agent's name in a spool's session; with a random tail it fits an image id.
SPOOL_NAME_LENGTH: Final = 32
UPLOAD_NAME_LENGTH: Final = 30
LOG = get_logger()


def fresh_session(agent: AgentId) -> str:
    """A name for the images of a spool that no other spool has."""
    return f"{agent[:SPOOL_NAME_LENGTH].rstrip('-')}-{secrets.token_hex(3)}"


def begin_session(index: SpoolIndex, agent: AgentId, ended: str) -> str:
    """Begin another session, because the numbers of one are used up; returns its name."""
    earlier = (index.recall(SpoolKey.EARLIER_SESSIONS) or "").split()
    index.remember(SpoolKey.EARLIER_SESSIONS, " ".join(dict.fromkeys([*earlier, ended])))
    session = fresh_session(agent)
    index.remember(SpoolKey.SESSION, session)
    LOG.info("session_begun", session=session, reason=f"the numbers of {ended} are used up")
    return session


def upload_session(agent: AgentId) -> str:
    """The session of files uploaded by hand; without a random tail, so that the same files get the same ids."""
    return f"{agent[:UPLOAD_NAME_LENGTH].rstrip('-')}-upload"


def sessions_of(agent: AgentId, recall: Callable[[SpoolKey], str | None]) -> set[str]:
    """Every session in which the rig took or uploaded photographs; `recall` returns what its spool keeps."""
    kept = f"{recall(SpoolKey.SESSION) or ''} {recall(SpoolKey.EARLIER_SESSIONS) or ''}".split()
    return {upload_session(agent), *(each for each in kept if is_session_of_rig(each, agent))}


def own_placed(cameras: Iterable[CameraEntry], sessions: Iterable[str]) -> list[CameraEntry]:
    """The placed cameras whose images were taken in one of the sessions."""
    ours = frozenset(sessions)
    return [each for each in cameras if each.state is CameraState.PLACED and each.image_id.session in ours]
