"""The checks of `make audit` that need no network, on this repository and on planted faults."""

from pathlib import Path

import pytest

from broker.accounts.invitation_secret import Link, Secret
from broker.accounts.passwords import fresh_password, hashed
from tests.audit import audit
from tests.audit.audit import Checked, UncheckedError, is_readable_by_others, private_files, secrets_in


def test_no_file_of_the_repository_holds_a_secret_and_none_is_writable_by_others() -> None:
    for check in (audit.secrets_in_repository, audit.file_modes):
        checked = check()
        assert checked.findings == ()
        assert int(checked.looked.split()[0]) > 500


def test_each_kind_of_secret_is_found_and_not_repeated(tmp_path: Path) -> None:
    secret = fresh_password()
    link = Link(page="http://127.0.0.1:8080/", host="127.0.0.1", secret=Secret.fresh())
    planted = {
        "private key": f"-----BEGIN PRIVATE {'KEY'}-----\n{'QUJD' * 16}\n",
        "password hash": hashed(secret),
        "invitation": str(link),
        "password": f'password = "{secret}"',
        "access token": "gh" + "p_" + "a1B2" * 9,
    }
    assert planted.keys() == audit.SECRETS.keys()
    for kind, text in planted.items():
        file = tmp_path / "file"
        file.write_text(f"# a line\n{text}\n")
        found = list(secrets_in(file))
        assert [each for each in found if each.endswith(f":2 looks like a {kind}")]
        assert not any(secret in each for each in found)


def test_a_private_file_is_found_unless_a_folder_keeps_others_out(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir(mode=0o755)
    file = folder / "rig-1.password"
    file.write_text("x")
    file.chmod(0o644)
    for above in (tmp_path, folder):
        above.chmod(0o755)
    assert private_files(tmp_path) == [file]
    assert is_readable_by_others(file, tmp_path)
    folder.chmod(0o700)
    assert not is_readable_by_others(file, tmp_path)
    folder.chmod(0o755)
    file.chmod(0o600)
    assert not is_readable_by_others(file, tmp_path)


def test_what_cannot_be_checked_is_said_and_a_finding_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def silent() -> Checked:
        raise UncheckedError("the registry does not answer")

    checks = {"registry": silent, "rules": lambda: Checked(looked="7 rules")}
    monkeypatch.setattr(audit, "CHECKS", checks)
    assert audit.main() == 0
    said = capsys.readouterr().out
    assert "not checked       registry: the registry does not answer" in said
    assert "1 of 2 checks were done" in said
    monkeypatch.setitem(checks, "rules", lambda: Checked(looked="7 rules", findings=("a hole",)))
    assert audit.main() == 1
    assert "    a hole" in capsys.readouterr().out
