"""The audit log: what it keeps, for whom, and how much of it."""

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from broker.accounts import audit
from broker.accounts.access import User
from broker.accounts.audit import EARLIER_COUNT, FILE_NAME, Action, AuditLog
from broker.accounts.invitations import Invitations
from broker.accounts.users import UserBook
from broker.ids import ProjectId


def test_a_deed_comes_back_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.note(Action.UPLOADED, account="rig-1", project="chapel", image="day-000001-0123456789abcdef", number=7)
    log.note(Action.COMMANDED, account=None, project="chapel", verb="reboot", request=None)
    upload, command = log.deeds()
    assert (upload.action, upload.account, upload.project) == (Action.UPLOADED, "rig-1", "chapel")
    assert upload.details == {"image": "day-000001-0123456789abcdef", "number": "7"}
    assert (command.account, command.details) == (None, {"verb": "reboot"})
    assert upload.at <= command.at
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_foreign_text_is_one_line_without_control_or_bidirectional_signs_and_short(tmp_path: Path) -> None:
    AuditLog(tmp_path).note(Action.REQUESTED, account="a\x1b[31m\n", verb="\u202e" + "x" * 500)
    text = (tmp_path / FILE_NAME).read_text()
    assert text.count("\n") == 1
    assert not {"\x1b", "\u202e"} & set(text)
    assert len(text) < 400


def test_the_log_is_bounded_and_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MAX_BYTES", 1000)
    for number in range(200):
        AuditLog(tmp_path).note(Action.UPLOADED, account="rig-1", number=number)
    files = sorted(tmp_path.glob(f"{FILE_NAME}*"))
    assert len(files) == EARLIER_COUNT + 1
    assert all(file.stat().st_size <= 1000 for file in files)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    kept = [int(deed.details["number"]) for deed in AuditLog(tmp_path).deeds()]
    assert kept == list(range(kept[0], 200))


def test_several_writers_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MAX_BYTES", 4000)

    def write(name: str) -> None:
        for _ in range(20):
            AuditLog(tmp_path).note(Action.UPLOADED, account=name)

    threads = [threading.Thread(target=write, args=(f"rig-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(AuditLog(tmp_path).deeds())) == 80


def test_a_damaged_line_hides_no_other(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.note(Action.INVITED, account="anna")
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b"\xff{half a li\n")
    log.note(Action.REDEEMED, account="anna")
    assert [deed.action for deed in log.deeds()] == [Action.INVITED, Action.REDEEMED]


def test_a_disk_that_does_not_take_it_stops_no_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    AuditLog(tmp_path / "file").note(Action.UPLOADED, account="rig-1")
    said = capsys.readouterr()
    assert "audit_not_written" in said.err + said.out


def test_every_change_of_an_account_is_a_deed_and_no_credential_is_written(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    passwords = [book.add(User.build("anna", "viewer", ["chapel"])).password]
    book.change(User.build("anna", "contributor", ["chapel"]))
    passwords.append(book.set_password("anna").password)
    book.add_to_project(ProjectId("castle"), ["anna"])
    hashes = [each.password_hash for each in book.accounts()]
    book.remove("anna")
    deeds = list(AuditLog(tmp_path).deeds())
    assert [(deed.action, deed.account) for deed in deeds] == [
        (Action.ACCOUNT_ADDED, "anna"),
        (Action.ACCOUNT_CHANGED, "anna"),
        (Action.PASSWORD_CHANGED, "anna"),
        (Action.ACCOUNT_CHANGED, "anna"),
        (Action.ACCOUNT_REMOVED, "anna"),
    ]
    assert json.loads(deeds[3].model_dump_json())["details"] == {"role": "contributor", "projects": "chapel,castle"}
    text = (tmp_path / FILE_NAME).read_text()
    assert not any(secret in text for secret in (*passwords, *hashes))


def test_invitations_are_deeds_and_their_secret_is_not_written(tmp_path: Path) -> None:
    invitations = Invitations(tmp_path)
    secrets = [
        invitations.add(User.build(name, "viewer", ["chapel"]), lasts=timedelta(hours=1), uses=1)
        for name in ("anna", "bert")
    ]
    with invitations._changing() as rows:
        rows[0] = rows[0].model_copy(update={"redeemed": ("anna",)})
    invitations.revoke(secrets[1].invitation_id)
    assert [(deed.action, deed.account, deed.project) for deed in AuditLog(tmp_path).deeds()] == [
        (Action.INVITED, "anna", "chapel"),
        (Action.INVITED, "bert", "chapel"),
        (Action.REDEEMED, "anna", "chapel"),
        (Action.REVOKED, "bert", "chapel"),
    ]
    text = (tmp_path / FILE_NAME).read_text()
    assert not any(secret.text in text or secret.key.text in text for secret in secrets)
