"""Whose pages may use the relay?"""

from viewer.relay import is_allowed_origin


def test_a_page_of_the_same_host_and_port_is_allowed() -> None:
    assert is_allowed_origin("http://pi.local:8080", "pi.local:8080", ())
    assert is_allowed_origin("https://View.Example", "view.example", ())
    assert is_allowed_origin("http://[::1]:8080", "[::1]:8080", ())


def test_another_host_port_or_nothing_is_not() -> None:
    for origin in ("http://pi.local", "http://pi.local:8081", "http://evil.example", "null", "", "file://", "http://"):
        assert not is_allowed_origin(origin, "pi.local:8080", ())


def test_a_listed_origin_is_allowed_with_its_scheme_only() -> None:
    allowed = ("https://museum.example",)
    assert is_allowed_origin("https://museum.example", "pi.local:8080", allowed)
    assert not is_allowed_origin("http://museum.example", "pi.local:8080", allowed)
    assert not is_allowed_origin("https://museum.example.evil", "pi.local:8080", allowed)


def test_an_empty_host_does_not_match_an_origin_without_host() -> None:
    assert not is_allowed_origin("null", "", ())
