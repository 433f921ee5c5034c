"""A fast address is fine; a slow one is a fault with the way out."""

from admin.doctor.findings import Level
from admin.doctor.speed import judge
from viewer.endpoint import EndpointReport


def test_speed_is_judged_by_the_measured_time() -> None:
    fast = judge(EndpointReport(url="ws://h/mqtt", websocket_s=0.02, tcp_s=0.004))
    assert (fast.level, fast.advice) == (Level.OK, "")
    assert "20 ms (52.4 MB/s)" in fast.found
    slow = judge(EndpointReport(url="ws://h/mqtt", websocket_s=25.0, tcp_s=0.004))
    assert slow.level is Level.FAULT
    assert 'viewer.mqtt_url to "/mqtt"' in slow.advice
