"""What the command `cairn broker` does while it runs, on a disk that is full for a while."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker import cli
from broker.accounts.access import Account, User
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
