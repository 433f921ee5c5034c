"""Which address does the doctor measure when none is given?"""

from viewer.config import Settings
from viewer.doctor import endpoint_url


def test_the_relay_of_the_page_server_is_measured_by_default() -> None:
    assert endpoint_url(Settings(port=8080)) == "ws://127.0.0.1:8080/mqtt"
    assert endpoint_url(Settings(host="::", port=80)) == "ws://127.0.0.1:80/mqtt"
    assert endpoint_url(Settings(host="10.0.0.5", port=8081)) == "ws://10.0.0.5:8081/mqtt"
    assert endpoint_url(Settings(host="fe80::1", port=8081)) == "ws://[fe80::1]:8081/mqtt"


def test_a_brokers_own_address_is_measured_when_the_page_uses_it() -> None:
    assert endpoint_url(Settings(mqtt_url="wss://broker.example:9001/mqtt")) == "wss://broker.example:9001/mqtt"
