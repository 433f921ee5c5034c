"""The viewer's settings: where they come from, and what does not fit."""

from pathlib import Path

import pytest

from broker.config import SETTINGS_VARIABLE, BadSettingsError
from viewer.config import Settings


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without settings file, and an environment without ours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(SETTINGS_VARIABLE, raising=False)


def test_defaults_are_safe_to_start_with() -> None:
    settings = Settings.load()
    assert (settings.host, settings.port, settings.mqtt_url) == ("127.0.0.1", 8080, "/mqtt")
    assert settings.needs_login
    assert settings.allowed_origins == ()


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cairn.toml").write_text(
        '[viewer]\nport = 1\nhost = "::1"\nprojects = ["chapel"]\n[viewer.broker]\nhost = "b"\nport = 5\nusername = "u"\n'
    )
    monkeypatch.setenv("CAIRN_VIEW_PORT", "2")
    monkeypatch.setenv("CAIRN_VIEW_BROKER__PORT", "6")
    settings = Settings.load(port=3, broker={"username": "anna"})
    assert (settings.port, settings.host, settings.projects) == (3, "::1", ("chapel",))
    assert (settings.broker.host, settings.broker.port, settings.broker.username) == ("b", 6, "anna")


@pytest.mark.parametrize("url", ["/mqtt", "/a/b", "ws://host:9001/mqtt", "wss://broker.example", "ws://[::1]:9001/"])
def test_a_path_and_a_websocket_address_are_taken(url: str) -> None:
    assert Settings.load(mqtt_url=url).mqtt_url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mqtt",
        "//host/mqtt",
        "http://host/mqtt",
        "wss://",
        "wss://user:secret@host/",
        "/mqtt?x=1",
        "/m;script-src *",
    ],
)
def test_what_is_no_mqtt_address_is_refused(url: str) -> None:
    with pytest.raises(BadSettingsError, match=r"viewer\.mqtt_url"):
        Settings.load(mqtt_url=url)


def test_origins_are_kept_as_browsers_send_them() -> None:
    given = ("HTTPS://Museum.Example:443/", "http://10.0.0.5:8080", "http://[FE80::1]:80")
    assert Settings.load(allowed_origins=given).allowed_origins == (
        "https://museum.example",
        "http://10.0.0.5:8080",
        "http://[fe80::1]",
    )


@pytest.mark.parametrize("origin", ["*", "null", "museum.example", "https://museum.example/page", "ftp://x"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(BadSettingsError, match=r"viewer\.allowed_origins"):
        Settings.load(allowed_origins=(origin,))


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(BadSettingsError, match=r"viewer\.prot"):
        Settings.load(prot=1)
