"""What can go wrong on the wire: one root error, whose `code` is the code of the wire's `error` message."""

from typing import ClassVar, Final

from broker.printable import printable

WRONG_DIGEST: Final = "wrong_digest"  # a rig sends the photograph again when a receipt says so


class CairnError(Exception):
    """An error with a one-line message that says what to do.

    Leaves set `code` and `remedy` (what to do) and are declared beside the code that raises them; an error that passes on
    what another process said has the code of that one. The code appears unchanged in the `error` event and in a
    `rejected` receipt; docs/wire.md lists all of them.
    """

    code: str = "internal_error"
    remedy: ClassVar[str] = "Report it with the program's log."

    @property
    def sentence(self) -> str:
        """The message on one line, without control or bidirectional signs, whatever a library put into it."""
        return printable(" ".join(str(self).split())) or self.code


def first_error(group: BaseExceptionGroup[CairnError]) -> CairnError:
    """Return the first error of a task group, however deep the groups are nested."""
    first = group.exceptions[0]
    return first_error(first) if isinstance(first, BaseExceptionGroup) else first


def one_line(exc: CairnError | PermissionError) -> str:
    """What a command line says about an error that ends it."""
    if isinstance(exc, CairnError):
        return exc.sentence
    return f"no permission for {exc.filename}: use the account that it belongs to; for a service that is root, by sudo"
