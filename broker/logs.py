"""How does a program tell what it does? Events with fields, on stderr: coloured on a terminal, else logfmt."""

import contextlib
import logging
import sys
from enum import StrEnum
from typing import Final

import structlog

from broker.printable import printable

_KEY_ORDER: Final = ("timestamp", "level", "event")


class LogLevel(StrEnum):
    """The choices of `--log-level`."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def configure(*, level: LogLevel = LogLevel.INFO) -> None:
    """Set up structlog for this process; call once, first thing."""
    is_terminal = sys.stderr.isatty()
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer()
        if is_terminal
        else structlog.processors.LogfmtRenderer(key_order=list(_KEY_ORDER), drop_missing=True)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _escape_signs,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: _Printer(sys.stderr),  # the stream of the moment: it may be replaced
        cache_logger_on_first_use=False,
    )


class _Printer(structlog.PrintLogger):
    """A logger to a stream that never fails: a full disk below the log, or a reader that is gone, ends no program."""

    def msg(self, message: str) -> None:
        with contextlib.suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


def get_logger(**fields: object) -> structlog.typing.FilteringBoundLogger:
    """A logger that adds these fields to every event; it may be made before `configure`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**fields)  # lazy: `bind` would freeze defaults
    return logger


def _escape_signs(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Let no field carry a control or bidirectional sign; a traceback keeps its lines."""
    del logger, method
    return {name: _escaped(value) for name, value in event.items()}


def _escaped(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return "\n".join(printable(line) for line in str(value).split("\n"))
