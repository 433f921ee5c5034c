"""Is this rig a clone? The hardware id that the spool keeps is compared with this machine's."""

from broker.errors import CairnError
from broker.ids import AgentId
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.spool import Spool


class ClonedRigError(CairnError):
    """Two machines with one name; this one is the copy."""

    code = "cloned_rig"
    remedy = "Join this machine under a name of its own; see docs/capture.md."


class CloneCheck:
    """Whether this machine made the spool. A moved card works until its name is contested."""

    def __init__(self, spool: Spool, agent: AgentId, hardware_id: str) -> None:
        self._spool, self._agent = spool, agent
        maker = spool.recall(SpoolKey.MACHINE)
        if not maker and hardware_id:
            spool.remember(SpoolKey.MACHINE, hardware_id)
        self._is_elsewhere = bool(maker and hardware_id and maker != hardware_id)

    def check(self) -> None:
        """Raise ClonedRigError when this machine was found to be a clone at an earlier start."""
        if self._is_elsewhere and self._spool.recall(SpoolKey.CLONE_OF) == self._agent:
            raise ClonedRigError(self._sentence)

    def contested(self) -> None:
        """Raise ClonedRigError when this machine is the copy; otherwise the other one gives up."""
        if self._is_elsewhere:
            self._spool.remember(SpoolKey.CLONE_OF, self._agent)
            raise ClonedRigError(self._sentence)

    @property
    def _sentence(self) -> str:
        return (
            f"another rig is called {self._agent}, and this card was copied from it: give this one an account of its own"
            " with cairn edge join --again, or remove its spool folder if the other one is gone"
        )
