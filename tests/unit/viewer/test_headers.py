"""The security headers: nothing unsafe, and nothing of the request's own choosing."""

import pytest

from viewer.headers import content_security_policy, security_headers


def sources(policy: str, directive: str) -> list[str]:
    return next(part.split()[1:] for part in policy.split("; ") if part.split()[0] == directive)


def test_policy_allows_only_this_server_and_its_sockets() -> None:
    policy = content_security_policy("10.0.0.5:8080", "/mqtt")
    assert sources(policy, "connect-src") == ["'self'", "ws://10.0.0.5:8080", "wss://10.0.0.5:8080"]
    assert sources(policy, "default-src") == ["'none'"]
    assert sources(policy, "script-src") == ["'self'"]
    assert "unsafe" not in policy
    assert "*" not in policy


def test_policy_names_the_brokers_own_address_when_the_page_connects_there() -> None:
    policy = content_security_policy("view.example", "wss://broker.example:9001/mqtt")
    assert sources(policy, "connect-src")[-1] == "wss://broker.example:9001"


@pytest.mark.parametrize("host", ["a; script-src *", "a b", "", "x\r\ny", "*", "a,b", "[::1]; x"])
def test_a_host_header_that_is_no_host_does_not_enter_the_policy(host: str) -> None:
    assert sources(content_security_policy(host, "/mqtt"), "connect-src") == ["'self'"]


def test_hosts_by_name_and_by_either_kind_of_address_are_named() -> None:
    for host in ("localhost", "pi.local:8080", "[::1]:8080", "192.168.1.2"):
        assert f"ws://{host}" in sources(content_security_policy(host, "/mqtt"), "connect-src")


def test_every_answer_forbids_guessing_types_and_telling_referrers() -> None:
    headers = security_headers("h", "/mqtt", is_secure=False)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_other_windows_are_kept_apart_where_browsers_take_the_header() -> None:
    assert security_headers("h", "/mqtt", is_secure=True)["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Cross-Origin-Opener-Policy" not in security_headers("h", "/mqtt", is_secure=False)
