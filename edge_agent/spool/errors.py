"""What can go wrong with the spool? Its disk, its index, a second agent, or a photograph's file."""

import errno
import sqlite3
from typing import Final

from broker.errors import CairnError

# One file that the disk cannot give back: a bad sector, or a structure of the file system that is damaged there.
UNREADABLE: Final = frozenset({errno.EIO, errno.EBADMSG, errno.EUCLEAN})


class SpoolError(CairnError):
    """The spool's disk or index fails."""

    code = "spool_failed"
    remedy = "Check the spool's disk and its owner."


class SpoolFullError(SpoolError):
    """No room for another photograph; waiting ones are kept."""

    code = "spool_full"
    remedy = "Wait for receipts, or free some space; what waits is kept."


class SpoolBusyError(SpoolError):
    """Another agent uses this folder."""

    code = "spool_busy"
    remedy = "Stop the other agent, or give this one another folder."


class PhotographLostError(SpoolError):
    """A photograph's file is gone or damaged."""

    code = "photograph_lost"
    remedy = "Check the disk; take the photograph again."


class PhotographSettledError(SpoolError):
    """A photograph that waits no more: it got its receipt meanwhile, or was exported and removed by hand."""

    code = "photograph_settled"
    remedy = "Nothing: `cairn edge status` counts what became of the photographs."


def translated(exc: OSError) -> SpoolError:
    """What an error of the disk means for the spool."""
    if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
        return SpoolFullError("the spool's disk is full: capturing waits until there is room")
    return SpoolError(f"cannot use {exc.filename}: {exc.strerror}; check the spool's disk and owner")


def translated_index(exc: sqlite3.Error) -> SpoolError:
    """What an error of SQLite means for the spool."""
    if "full" in str(exc):  # SQLITE_FULL
        return SpoolFullError("the spool's disk is full: capturing waits until there is room")
    return SpoolError(f"the spool's index does not answer: {exc}; check the disk")
