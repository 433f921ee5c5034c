"""Was this trouble said already? Each code is logged once, until things go well again."""

from dataclasses import dataclass, field
from typing import Any

from structlog.typing import FilteringBoundLogger

from broker.errors import CairnError


@dataclass(slots=True, kw_only=True)
class Trouble:
    """What keeps one kind of work from going on.

    Attributes:
        log: where it is said.
        event: the log's event when it begins; `trouble_over` when it ends.
        latest: the newest error, or None while things go well.
    """

    log: FilteringBoundLogger
    event: str
    latest: CairnError | None = None
    _said: set[str] = field(default_factory=set)

    def note(self, exc: CairnError, **fields: Any) -> bool:
        """Note an error and log it unless its code was logged before; whether it is news."""
        self.latest, is_news = exc, exc.code not in self._said
        if is_news:
            self._said.add(exc.code)
            self.log.warning(self.event, code=exc.code, reason=exc.sentence, **fields)
        return is_news

    def clear(self, **fields: Any) -> bool:
        """Note that things go well; whether that is news."""
        is_news = self.latest is not None
        if is_news:
            self.log.info("trouble_over", trouble=self.event, **fields)
        self.latest = None
        self._said.clear()
        return is_news
