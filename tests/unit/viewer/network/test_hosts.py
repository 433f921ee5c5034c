"""Under which names we answer, and whose pages may use the relay."""

import socket

import pytest

from viewer.network.hosts import AllowedHosts, is_allowed_origin

HOSTS = AllowedHosts(["Cairn.Example.org"])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080", "192.168.1.5", "[::1]:8080", "[fe80::1]", "localhost:8080", "LOCALHOST", "pi.local:8080",
        "cairn.example.org", "cairn.example.org.", "CAIRN.example.org:443", socket.gethostname(),
    ],
)  # fmt: skip
def test_addresses_own_names_and_given_names_are_answered(host: str) -> None:
    assert host in HOSTS


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "cairn.example.org.evil.example", "xcairn.example.org", "localhost.evil.example", "local",
        "evil.example:8080", "[evil.example]", "127.0.0.1.evil.example", "a b", "[::1", "127.0.0.1:x", "u@127.0.0.1",
    ],
)  # fmt: skip
def test_other_names_and_what_is_no_host_are_not(host: str) -> None:
    assert host not in HOSTS


def test_a_page_of_the_same_host_and_port_is_allowed() -> None:
    assert is_allowed_origin("http://pi.local:8080", "pi.local:8080", ())
    assert is_allowed_origin("https://View.Example", "view.example", ())
    assert is_allowed_origin("https://view.example", "view.example:443", ())
    assert is_allowed_origin("http://[::1]:8080", "[::1]:8080", ())


def test_another_host_port_or_nothing_is_not() -> None:
    for origin in ("http://pi.local", "http://pi.local:8081", "http://evil.example", "null", "", "file://", "http://"):
        assert not is_allowed_origin(origin, "pi.local:8080", ())
    assert not is_allowed_origin("http://view.example", "view.example:443", ())


def test_a_page_of_the_same_name_without_https_is_not_where_we_have_it() -> None:
    assert is_allowed_origin("https://pi.local:8080", "pi.local:8080", (), is_secure=True)
    assert not is_allowed_origin("http://pi.local:8080", "pi.local:8080", (), is_secure=True)


def test_a_listed_origin_is_allowed_with_its_scheme_only() -> None:
    allowed = ("https://museum.example",)
    assert is_allowed_origin("https://museum.example", "pi.local:8080", allowed)
    assert not is_allowed_origin("http://museum.example", "pi.local:8080", allowed)
    assert not is_allowed_origin("https://museum.example.evil", "pi.local:8080", allowed)


def test_an_empty_host_does_not_match_an_origin_without_host() -> None:
    assert not is_allowed_origin("null", "", ())
