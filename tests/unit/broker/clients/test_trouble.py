"""Is a trouble said once, and again only after it was over?"""

import structlog
from structlog.testing import capture_logs

from broker.clients.trouble import Trouble
from broker.logs import get_logger


def test_each_code_is_said_once_until_it_is_over() -> None:
    structlog.reset_defaults()  # another test may have set a level
    trouble = Trouble(log=get_logger(), event="publication_waits")
    with capture_logs() as logs:
        news = [trouble.note(code, "why") for code in ("broker_full", "broker_lost", "broker_full", "broker_lost")]
        assert (trouble.code, trouble.reason) == ("broker_lost", "why")
        overs = [trouble.clear(), trouble.clear()]
        assert (trouble.code, trouble.reason) == (None, None)
        trouble.note("broker_full", "why")
    assert news == [True, True, False, False]
    assert overs == [True, False]
    said = [each.get("code", each["event"]) for each in logs]
    assert said == ["broker_full", "broker_lost", "trouble_over", "broker_full"]
