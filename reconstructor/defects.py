"""What happens when our own code fails on one message? The exception is logged and becomes an error with a code."""

from collections.abc import Iterator
from contextlib import contextmanager

from structlog.typing import FilteringBoundLogger

from broker.errors import CairnError


class MessageFailedError(CairnError):
    """Processing a message failed by a defect of the program; the message is not processed again."""

    code = "message_failed"
    remedy = "Report it with the reconstructor's log, which names the exception."


@contextmanager
def translating_defects(log: FilteringBoundLogger, **about: object) -> Iterator[None]:
    """Translate every exception that is no error of ours; the log gets the traceback and what it was about.

    Raises:
        MessageFailedError: instead of the exception.
    """
    try:
        yield
    except CairnError:
        raise
    except Exception as exc:
        log.exception("message_failed", **about)
        raise MessageFailedError("this could not be processed: report it with the reconstructor's log") from exc
