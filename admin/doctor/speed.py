"""Is the address that browsers use fast enough? One mebibyte, timed there and by TCP."""

from admin.doctor.findings import Finding, fault, ok
from admin.installation import Installation
from broker.config import Connection
from viewer.endpoint import EndpointReport, by_websocket, endpoint_url, measure_endpoint

SUBJECT = "speed"


async def check_speed(installation: Installation, url: str | None) -> Finding:
    """Measure an address, by default the one that our page gives to browsers.

    Raises:
        BadEndpointError: the address is no WebSocket's.
        BrokerLostError: the broker does not let the page's account in.
    """
    viewer = installation.viewer
    report = await measure_endpoint(
        url or endpoint_url(viewer), viewer.broker, installation.projects[0], viewer.authority
    )
    return judge(report)


def judge(report: EndpointReport) -> Finding:
    """One finding from what was measured."""
    return ok(SUBJECT, report.found) if report.is_fast else fault(SUBJECT, report.found, report.advice)


def through_relay(installation: Installation) -> Connection:
    """The way through the page's relay, as the page's own account."""
    viewer = installation.viewer
    return by_websocket(endpoint_url(viewer), viewer.broker, viewer.authority)
