"""Is a trouble said once, and again only after it was over?"""

from structlog.testing import capture_logs

from broker.clients.refusals import BrokerFullError, DeliveryTimeoutError
from broker.clients.trouble import Trouble
from broker.logs import get_logger


def test_each_code_is_said_once_until_it_is_over() -> None:
    trouble = Trouble(log=get_logger(), event="publication_waits")
    full, late = BrokerFullError("it is full"), DeliveryTimeoutError("no answer")
    with capture_logs() as logs:
        news = [trouble.note(each) for each in (full, late, full, late)]
        assert trouble.latest is late
        overs = [trouble.clear(), trouble.clear()]
        trouble.note(full)
    assert news == [True, True, False, False]
    assert overs == [True, False]
    assert [each.get("code", each["event"]) for each in logs] == [
        "broker_full",
        "delivery_timeout",
        "trouble_over",
        "broker_full",
    ]
