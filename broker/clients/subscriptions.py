"""How does a durable connection subscribe? By default at QoS 1; some topics are not worth queueing while we are away."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One filter of a connection.

    Attributes:
        topics: the filter.
        qos: 1, or 0 for messages that the broker shall not queue while the subscriber is away.
        is_retain_told: whether a message says that its publisher had it retained, and not only that it was.
    """

    topics: str
    qos: int = 1
    is_retain_told: bool = False
