"""Accounts in their file."""

import os
import threading
from pathlib import Path

import pytest

from broker.accounts.access import BadUserError, User, acl
from broker.accounts.users import UserBook
from broker.ids import BadIdError, ProjectId
from broker.topics import TopicSpace


def test_account_comes_back_with_its_role_and_without_its_password(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    anna = book.add(User.build("anna", "contributor", ["chapel"]))
    book.add(User.build("rig-north", "agent", ["chapel"]))
    assert [user.name for user in book.users()] == ["anna", "rig-north"]
    assert book.accounts()[0].user == anna.user
    assert anna.password not in book.file.read_text()
    assert not (tmp_path / "secrets").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadUserError, match=r"cannot write the accounts in .*file/data: Not a directory"):
        UserBook(tmp_path / "file" / "data").add(User.build("anna", "viewer", ["chapel"]))


def test_a_full_disk_is_named_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = UserBook(tmp_path)
    book.add(User.build("anna", "viewer", ["chapel"]))
    before = book.accounts()

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BadUserError, match=r"cannot write the accounts in .*: No space left on device"):
        book.set_password("anna")
    assert book.accounts() == before


def test_changed_role_keeps_the_password(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    book.add(User.build("anna", "viewer", ["chapel"]))
    before = book.accounts()[0].password_hash
    book.change(User.build("anna", "contributor", ["chapel", "castle"]))
    assert book.accounts()[0].password_hash == before
    assert [user.projects for user in book.users()] == [("chapel", "castle")]


def test_a_name_is_given_once_and_a_new_password_ends_the_earlier_one(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    first = book.add(User.build("anna", "viewer", ["chapel"]))
    with pytest.raises(BadUserError, match="there is an account 'anna'"):
        book.add(User.build("anna", "operator", ["chapel"]))
    before = book.accounts()[0].password_hash
    second = book.set_password("anna")
    assert (second.user, second.password != first.password) == (first.user, True)
    assert book.accounts()[0].password_hash != before


def test_the_file_is_the_owners_only(tmp_path: Path) -> None:
    book = UserBook(tmp_path / "broker")
    book.add(User.build("anna", "viewer", ["chapel"]))
    assert book.file.stat().st_mode & 0o077 == 0
    assert book.file.parent.stat().st_mode & 0o077 == 0


def test_removed_account_leaves_nothing(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    book.add(User.build("anna", "viewer", ["chapel"]))
    book.remove("anna")
    assert book.users() == []
    for change in (book.remove, book.set_password, lambda name: book.change(User.build(name, "viewer", ["chapel"]))):
        with pytest.raises(BadUserError, match="nobody is called 'anna'"):
            change("anna")


def test_projects_come_and_go(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    for name in ("anna", "berta"):
        book.add(User.build(name, "viewer", ["chapel"]))
    book.add_to_project(ProjectId("castle"), ["anna", "anna"])
    assert [user.projects for user in book.users()] == [("chapel", "castle"), ("chapel",)]
    with pytest.raises(BadUserError, match="nobody is called 'carl'"):
        book.add_to_project(ProjectId("castle"), ["berta", "carl"])
    assert [user.projects for user in book.users()] == [("chapel", "castle"), ("chapel",)]
    assert book.remove_project(ProjectId("chapel")) == ("berta",)
    assert [(user.name, user.projects) for user in book.users()] == [("anna", ("castle",))]


def test_two_programs_that_change_at_once_lose_nothing(tmp_path: Path) -> None:
    names = [f"user{number}" for number in range(12)]

    def add(name: str) -> None:
        UserBook(tmp_path).add(User.build(name, "viewer", ["chapel"]))

    threads = [threading.Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {str(user.name) for user in UserBook(tmp_path).users()} == set(names)


def test_every_change_has_another_stamp(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    stamps = [book.stamp()]
    book.add(User.build("anna", "viewer", ["chapel"]))
    stamps.append(book.stamp())
    book.set_password("anna")
    stamps.append(book.stamp())
    assert len(set(stamps)) == 3


@pytest.mark.parametrize("text", ["{", "{}", '[["anna"]]', '[{"name":"anna","role":"king"}]'])
def test_damaged_list_is_told_and_not_overwritten(tmp_path: Path, text: str) -> None:
    (tmp_path / "users.json").write_text(text)
    with pytest.raises(BadUserError):
        UserBook(tmp_path).add(User.build("anna", "viewer", ["chapel"]))
    assert (tmp_path / "users.json").read_text() == text


def test_role_and_name_must_fit_each_other() -> None:
    with pytest.raises(BadIdError):
        User.build("anna", "agent", ["chapel"])
    with pytest.raises(BadIdError):
        User.build("rig-north", "viewer", ["chapel"])
    with pytest.raises(BadUserError, match="at least one project"):
        User.build("anna", "viewer", [])


def test_home_assistants_prefix_is_kept(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    rig = User.build("rig-north", "agent", ["chapel"], home_assistant_prefix="homeassistant")
    book.add(rig)
    book.add(User.build("anna", "viewer", ["chapel"]))
    assert [user.home_assistant_prefix for user in book.users()] == [None, "homeassistant"]
    lines = acl(book.users(), TopicSpace()).splitlines()
    assert "topic write homeassistant/device/rig-north/config" in lines
    assert sum("homeassistant" in line for line in lines) == 1


@pytest.mark.parametrize("prefix", ["", "#", "home/+", "a b", "a\ntopic write #", "/a", "a/"])
def test_a_prefix_that_would_open_other_topics_is_refused(prefix: str) -> None:
    with pytest.raises(BadUserError, match="usually 'homeassistant'"):
        User.build("rig-north", "agent", ["chapel"], home_assistant_prefix=prefix)
