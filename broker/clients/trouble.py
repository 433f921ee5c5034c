"""Was this trouble said already? Each code is logged once, until things go well again."""

from dataclasses import dataclass, field
from typing import Any

from structlog.typing import FilteringBoundLogger


@dataclass(slots=True, kw_only=True)
class Trouble:
    """What keeps one kind of work from going on.

    Attributes:
        log: where it is said.
        event: the log's event when it begins; `trouble_over` when it ends.
        code: the newest code, or None while things go well.
        reason: its sentence.
    """

    log: FilteringBoundLogger
    event: str
    code: str | None = None
    reason: str | None = None
    _said: set[str] = field(default_factory=set)

    def note(self, code: str, reason: str, **fields: Any) -> bool:
        """Note a trouble and log it unless its code was logged before; whether it is news."""
        self.code, self.reason, is_news = code, reason[:2000], code not in self._said
        if is_news:
            self._said.add(code)
            self.log.warning(self.event, code=code, reason=reason, **fields)
        return is_news

    def clear(self) -> bool:
        """Note that things go well; whether that is news."""
        is_news = self.code is not None
        if is_news:
            self.log.info("trouble_over", trouble=self.event)
        self.code = self.reason = None
        self._said.clear()
        return is_news
