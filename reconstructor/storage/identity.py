"""Who is this store? A random name made with it, and an epoch that grows at every start: a fencing token."""

import secrets
from dataclasses import dataclass
from typing import Final

from reconstructor.storage.database import Database

TITLE: Final = "title"
_STORE_ID: Final = "store_id"
_SESSION: Final = "session_token"
_EPOCH: Final = "epoch"
_BOOT: Final = "epoch_boot_id"
_ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a store: what its claims say.

    Attributes:
        store_id: the store's name.
        epoch: how often this store was started.
        boot_id: tells this run from one of a copy of the store.
    """

    store_id: str
    epoch: int
    boot_id: str


class Identity:
    """The names of one store, kept in its database, so that they move and are copied with it.

    The session token is as random as the store's id, and secret: the id is published, the token names the session.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction():
            for name in (_STORE_ID, _SESSION):
                if database.fact(name) is None:
                    database.set_fact(name, secrets.token_hex(_ID_BYTES))
        self.store_id, self.session_token = str(database.fact(_STORE_ID)), str(database.fact(_SESSION))

    @property
    def title(self) -> str:
        """What people call the project; empty without a title."""
        return str(self._database.fact(TITLE) or "")

    @property
    def latest(self) -> Run:
        """The latest run that claimed the project."""
        epoch, boot_id = self._database.fact(_EPOCH), self._database.fact(_BOOT)
        return Run(store_id=self.store_id, epoch=int(epoch or 0), boot_id=str(boot_id or ""))

    def next(self, boot_id: str, *, above: int = 0) -> Run:
        """The run that begins now; nothing is kept before `keep`."""
        return Run(store_id=self.store_id, epoch=max(self.latest.epoch, above) + 1, boot_id=boot_id)

    def keep(self, run: Run) -> None:
        """Keep a run before it claims anything, so that no later run has its epoch."""
        with self._database.transaction():
            self._database.set_fact(_EPOCH, run.epoch)
            self._database.set_fact(_BOOT, run.boot_id)
