"""Accounts in their folder."""

from pathlib import Path

import pytest

from broker.accounts.access import BadUserError, User, acl
from broker.accounts.users import UserBook
from broker.ids import BadIdError
from broker.topics import TopicSpace


def test_account_comes_back_with_its_password_and_role(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    anna = book.add(User.build("anna", "contributor", ["chapel"]))
    book.add(User.build("rig-north", "agent", ["chapel"]))
    assert book.credentials()[0] == anna
    assert [user.name for user in book.users()] == ["anna", "rig-north"]


def test_changed_role_keeps_the_password(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    first = book.add(User.build("anna", "viewer", ["chapel"]))
    second = book.add(User.build("anna", "contributor", ["chapel", "castle"]))
    assert first.password == second.password
    assert [user.projects for user in book.users()] == [("chapel", "castle")]


def test_secrets_are_the_owners_only(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    book.add(User.build("anna", "viewer", ["chapel"]))
    assert book.password_file("anna").stat().st_mode & 0o077 == 0
    assert book.password_file("anna").parent.stat().st_mode & 0o077 == 0


def test_removed_account_leaves_no_password(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    book.add(User.build("anna", "viewer", ["chapel"]))
    book.remove("anna")
    assert book.users() == []
    assert not book.password_file("anna").exists()
    with pytest.raises(BadUserError, match="nobody is called 'anna'"):
        book.remove("anna")


@pytest.mark.parametrize("text", ["{", "{}", '[["anna"]]', '[["anna","king",["chapel"]]]'])
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


def test_home_assistants_prefix_is_kept_and_older_lists_are_read(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    rig = User.build("rig-north", "agent", ["chapel"], home_assistant_prefix="homeassistant")
    book.add(rig)
    book.add(User.build("anna", "viewer", ["chapel"]))
    assert [user.home_assistant_prefix for user in book.users()] == [None, "homeassistant"]
    lines = acl(book.users(), TopicSpace()).splitlines()
    assert "topic write homeassistant/device/rig-north/config" in lines
    assert sum("homeassistant" in line for line in lines) == 1
    (tmp_path / "users.json").write_text('[["anna","viewer",["chapel"]]]')
    assert book.users() == [User.build("anna", "viewer", ["chapel"])]


@pytest.mark.parametrize("prefix", ["", "#", "home/+", "a b", "a\ntopic write #", "/a", "a/"])
def test_a_prefix_that_would_open_other_topics_is_refused(prefix: str) -> None:
    with pytest.raises(BadUserError, match="usually 'homeassistant'"):
        User.build("rig-north", "agent", ["chapel"], home_assistant_prefix=prefix)
