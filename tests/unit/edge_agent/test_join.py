import stat
import tomllib
from pathlib import Path

import pytest

from broker.ids import BadIdError
from edge_agent.config import Settings
from edge_agent.join import BadInvitationError, Invitation, write_settings


def test_an_address_and_a_token_are_an_invitation() -> None:
    invitation = Invitation.read("mqtts://broker.example/chapel", "rig-north:se:cret")
    assert (invitation.host, invitation.port, invitation.is_tls) == ("broker.example", 8883, True)
    assert (invitation.project, invitation.agent) == ("chapel", "rig-north")
    assert invitation.password.get_secret_value() == "se:cret"


def test_a_qr_code_has_everything_in_one_text() -> None:
    invitation = Invitation.read(" mqtt://rig-north:p%2Fw@192.168.1.5:1884/chapel\n", None)
    assert (invitation.host, invitation.port, invitation.agent) == ("192.168.1.5", 1884, "rig-north")
    assert invitation.password.get_secret_value() == "p/w"
    assert "p/w" not in repr(invitation)


@pytest.mark.parametrize(
    ("address", "token"),
    [
        ("http://broker/chapel", "rig-a:x"),
        ("mqtt://broker", "rig-a:x"),
        ("mqtt://broker/chapel", None),
        ("mqtt://broker/chapel", "rig-a"),
        ("mqtt://broker:port/chapel", "rig-a:x"),
        ("mqtt:///chapel", "rig-a:x"),
        ("", "rig-a:x"),
    ],
)
def test_anything_else_is_refused_with_an_example(address: str, token: str | None) -> None:
    with pytest.raises(BadInvitationError, match="looks like this: mqtts://"):
        Invitation.read(address, token)


@pytest.mark.parametrize(("address", "token"), [("mqtt://b/../etc", "rig-a:x"), ("mqtt://b/chapel", "anna:x")])
def test_names_that_could_do_harm_are_refused(address: str, token: str) -> None:
    with pytest.raises(BadIdError):
        Invitation.read(address, token)


def test_what_is_written_loads_as_settings_and_keeps_the_password_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "etc" / "cairn.toml"
    file.parent.mkdir()
    file.write_text("[view]\nport = 9\n")
    password_file = write_settings(Invitation.read("mqtt://broker/chapel", "rig-north:secret"), file, None)
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    assert tomllib.loads(file.read_text())["view"] == {"port": 9}
    assert "secret" not in file.read_text()
    monkeypatch.setenv("CAIRN_SETTINGS", str(file))
    settings = Settings.load()
    assert settings.named() == ("chapel", "rig-north")
    assert settings.broker.secret() == "secret"
