"""`cairn broker` leaves no half of a change behind, and goes on when a disk was full for a while."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker import cli
from broker.accounts.access import Account, BadUserError, User
from broker.accounts.invitations import Invitations
from broker.accounts.users import UserBook
from broker.mosquitto import BrokerStartError
from broker.settings import Settings


def rounds(*between: Callable[[], object]) -> Callable[[], bool]:
    """Let the command look again after each of these was called."""
    left: Iterator[Callable[[], object]] = iter(between)

    def goes_on() -> bool:
        call = next(left, None)
        if call is not None:
            call()
        return call is not None

    return goes_on


def test_a_full_disk_ends_no_broker_whose_log_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path, _most_bytes: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "bound", fail)
    book = UserBook(tmp_path)
    taken: list[int] = []
    add = lambda: book.add(User.build("anna", "viewer", ["chapel"]))  # noqa: E731
    cli._keep(Settings(data_dir=tmp_path), book.stamp(), lambda found: taken.append(len(found)), rounds(add, time.time))
    assert taken == [1]


def test_accounts_that_a_full_disk_kept_back_come_in_force_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_AGAIN_S", 0.05)
    book = UserBook(tmp_path)
    book.add(User.build("anna", "viewer", ["chapel"]))
    settings, stamp = Settings(data_dir=tmp_path), ()
    taken: list[list[Account]] = []

    def reload(accounts: list[Account]) -> None:
        taken.append(accounts)
        if len(taken) == 1:
            raise BrokerStartError("cannot write the broker's folder: No space left on device")

    wait = lambda: time.sleep(0.1)  # noqa: E731
    cli._keep(settings, stamp, reload, rounds(*[wait] * 4))
    assert [len(accounts) for accounts in taken] == [1, 1]
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("the accounts stay as they were: cannot write the broker's folder")
    assert said[1:] == ["accounts read again: 1"]


def test_an_account_is_not_made_when_its_password_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = ["user", "add", "ben", "--role", "viewer", "--project", "chapel", "--data", str(tmp_path / "broker")]
    done = CliRunner().invoke(cli.app, [*words, "--password-file", str(tmp_path / "file" / "ben.password")])
    assert isinstance(done.exception, BadUserError)
    assert done.exception.sentence.endswith("file/ben.password: File exists")
    assert UserBook(tmp_path / "broker").users() == []


def test_no_password_stays_behind_when_there_is_no_account(tmp_path: Path) -> None:
    file = tmp_path / "ben.password"
    words = ["user", "passwd", "ben", "--data", str(tmp_path / "broker"), "--password-file", str(file)]
    assert isinstance(CliRunner().invoke(cli.app, words).exception, BadUserError)
    assert not file.exists()


def test_a_project_that_one_program_lists_is_removed_with_its_invitations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, settings = tmp_path / "data/broker", tmp_path / "cairn.toml"
    settings.write_text(
        f'[broker]\ndata_dir = "{data}"\n'
        '[reconstructor]\nprojects = ["chapel"]\n[viewer]\nprojects = ["chapel", "castle"]\n'
    )
    monkeypatch.setenv("CAIRN_SETTINGS", str(settings))
    monkeypatch.setattr(cli, "_GOODBYE_S", 0)
    UserBook(data).add(User.build("page", "viewer", ["chapel", "castle"]))
    Invitations(data).add(User.build("anna", "viewer", ["castle"]), lasts=timedelta(days=1), uses=1)
    done = CliRunner().invoke(cli.app, ["project", "remove", "castle", "--data", str(data)])
    assert done.exit_code == 0, done.exception
    assert "castle" not in settings.read_text()
    assert Invitations(data).all() == []


def test_an_account_that_is_removed_takes_its_link_along(tmp_path: Path) -> None:
    anna = User.build("anna", "viewer", ["chapel"])
    UserBook(tmp_path).add(anna)
    Invitations(tmp_path).add(anna, lasts=timedelta(days=1), uses=1)
    assert CliRunner().invoke(cli.app, ["user", "remove", "anna", "--data", str(tmp_path)]).exit_code == 0
    assert Invitations(tmp_path).all() == []
