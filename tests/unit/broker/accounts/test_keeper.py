"""The keeper trusts no page server: only an operator's own password invites, and only viewers and contributors."""

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.accounts.access import User
from broker.accounts.invitation_secret import Secret
from broker.accounts.invitations import Invitations
from broker.accounts.keeper import Keeper, KeeperNotOpenError
from broker.accounts.keeper_requests import Answered
from broker.accounts.passwords import hashed, is_password
from broker.accounts.users import UserBook

SECRET = Secret("A" * 24)
INVITATION = {
    "invitation_id": SECRET.invitation_id,
    "key": SECRET.key.text,
    "role": "contributor",
    "name": "berta",
    "lasts_s": 3600,
    "uses": 1,
}


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(data_dir=tmp_path, root="cairn/v1", port=1883)


@pytest.fixture
def passwords(tmp_path: Path) -> dict[str, str]:
    users = [("ops", "operator", "chapel"), ("anna", "contributor", "chapel"), ("other", "operator", "castle")]
    book = UserBook(tmp_path)
    return {name: book.add(User.build(name, role, [project])).password for name, role, project in users}


def asked(keeper: Keeper, verb: str, login: tuple[str, str], **values: Any) -> Answered:
    user, password = login
    request = {"verb": verb, "login": {"user": user, "password": password}, "project": "chapel", **values}
    return keeper.answer(json.dumps(request).encode())


def test_an_operator_invites_lists_and_revokes(keeper: Keeper, passwords: dict[str, str], tmp_path: Path) -> None:
    ops = ("ops", passwords["ops"])
    assert asked(keeper, "create", ops, invitation=INVITATION).answer == SECRET.invitation_id
    [row] = json.loads(asked(keeper, "list", ops).answer)
    assert (row["name"], row["role"], row["uses"], row["used_count"], row["made_by"]) == (
        "berta",
        "contributor",
        1,
        0,
        "ops",
    )
    assert SECRET.key.text not in json.dumps(row)
    password_hash = hashed("berta's own")
    redemption = {"password_hash": password_hash, "proof": SECRET.key.proof(password_hash, "")}
    line = {"verb": "redeem", "invitation_id": SECRET.invitation_id, "redemption": redemption}
    joined = keeper.answer(json.dumps(line).encode())
    SECRET.key.check_seal(joined.answer, joined.seal)
    assert json.loads(joined.answer)["user"] == "berta"
    account = next(each for each in UserBook(tmp_path).accounts() if each.user.name == "berta")
    assert is_password("berta's own", account.password_hash)
    assert json.loads(asked(keeper, "list", ops).answer) == []
    assert asked(keeper, "revoke", ops, invitation_id=SECRET.invitation_id).code is None
    assert asked(keeper, "revoke", ops, invitation_id=SECRET.invitation_id).code == "bad_invitation"


def left(keeper: Keeper, user: str, password: str) -> Answered:
    return keeper.answer(json.dumps({"verb": "leave", "login": {"user": user, "password": password}}).encode())


def redeem(keeper: Keeper, secret: Secret, password: str) -> None:
    password_hash = hashed(password)
    redemption = {"password_hash": password_hash, "proof": secret.key.proof(password_hash, "")}
    line = {"verb": "redeem", "invitation_id": secret.invitation_id, "redemption": redemption}
    assert keeper.answer(json.dumps(line).encode()).code is None


def test_who_logs_out_ends_the_account_that_an_invitation_made(
    keeper: Keeper, passwords: dict[str, str], tmp_path: Path
) -> None:
    asked(keeper, "create", ("ops", passwords["ops"]), invitation=INVITATION)
    redeem(keeper, SECRET, "berta's own")
    assert left(keeper, "berta", "guess").code == "bad_invitation"
    assert left(keeper, "anna", passwords["anna"]).answer == "kept"  # an administrator made this one
    assert left(keeper, "berta", "berta's own").answer == "ended"
    assert [str(user.name) for user in UserBook(tmp_path).users()] == ["anna", "ops", "other"]


def test_an_account_named_on_the_command_line_only_loses_the_invited_password(keeper: Keeper, tmp_path: Path) -> None:
    book, invitations = UserBook(tmp_path), Invitations(tmp_path)
    clara = User.build("clara", "operator", ["chapel"])
    redeem(keeper, invitations.add(clara, lasts=timedelta(hours=1), uses=1), "clara's own")
    assert left(keeper, "clara", "clara's own").answer == "ended"
    assert left(keeper, "clara", "clara's own").code == "bad_invitation"
    given = book.set_password("clara").password  # an administrator hands out another one
    assert left(keeper, "clara", given).answer == "kept"
    assert book.users() == [clara]


@pytest.mark.parametrize("name", ["anna", "other", "nobody", "ops"])
def test_nobody_else_invites_lists_or_revokes(keeper: Keeper, passwords: dict[str, str], name: str) -> None:
    login = (name, passwords[name] if name in {"anna", "other"} else "guess")
    given: list[tuple[str, dict[str, Any]]] = [
        ("create", {"invitation": INVITATION}),
        ("list", {}),
        ("revoke", {"invitation_id": SECRET.invitation_id}),
    ]
    assert [asked(keeper, verb, login, **values).code for verb, values in given] == ["not_operator"] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"role": "operator"},
        {"role": "agent"},
        {"role": "observer"},
        {"uses": 51},
        {"lasts_s": 8 * 86_400},
        {"lasts_s": 0},
        {"key": "short"},
        {"invitation_id": "../x"},
        {"made_by": "other"},
    ],
)
def test_what_the_page_may_not_ask_for_is_no_request(
    keeper: Keeper, passwords: dict[str, str], change: dict[str, object]
) -> None:
    ops = ("ops", passwords["ops"])
    assert asked(keeper, "create", ops, invitation=INVITATION | change).code == "bad_request"
    assert json.loads(asked(keeper, "list", ops).answer) == []


def test_a_name_of_a_rig_is_refused(keeper: Keeper, passwords: dict[str, str]) -> None:
    answered = asked(keeper, "create", ("ops", passwords["ops"]), invitation=INVITATION | {"name": "rig-1"})
    assert answered.code == "bad_id"


def test_an_invitation_is_not_used_up_while_the_authority_cannot_be_read(keeper: Keeper, tmp_path: Path) -> None:
    secret = Invitations(tmp_path).add(User.build("anna", "viewer", ["chapel"]), lasts=timedelta(days=1), uses=1)
    password_hash = hashed("anna's own")
    redemption = {"password_hash": password_hash, "proof": secret.key.proof(password_hash, "")}
    line = json.dumps({"verb": "redeem", "invitation_id": secret.invitation_id, "redemption": redemption}).encode()
    authority = tmp_path / "ca.pem"
    behind = replace(keeper, authority=authority)
    refused = behind.answer(line)
    assert (refused.code, str(tmp_path) in str(refused.reason)) == ("bad_invitation", False)
    assert UserBook(tmp_path).users() == []
    authority.write_text("an authority")
    assert json.loads(behind.answer(line).answer)["ca_pem"] == "an authority"


def test_a_full_disk_is_said_without_the_place_on_the_server(
    keeper: Keeper, passwords: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    refused = asked(keeper, "create", ("ops", passwords["ops"]), invitation=INVITATION)
    assert (refused.code, refused.reason) == (
        "bad_invitation",
        "cannot write the invitations: No space left on device",
    )


def test_a_folder_with_too_long_a_path_is_named(tmp_path: Path) -> None:
    deep = tmp_path / ("long-" * 20)
    deep.mkdir()
    with pytest.raises(KeeperNotOpenError, match="too long"), Keeper(data_dir=deep, root="r", port=1).listening():
        pass
