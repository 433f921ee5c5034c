"""Invitations are used as often as they say, in their time, and nothing that crosses the network lets anybody log in."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.accounts import invitations as module
from broker.accounts.access import BadUserError, User
from broker.accounts.invitation_secret import BadInvitationError, Link, Secret
from broker.accounts.invitations import MOST_OPEN, Invitation, Invitations, Joining
from broker.accounts.keeper_requests import MOST_USES
from broker.accounts.passwords import hashed, is_password
from broker.accounts.users import NameTakenError, UserBook
from broker.channel import Role
from broker.ids import BadIdError

RIG = User.build("rig-1", "agent", ["chapel"])
GUEST = User.build("guest", "viewer", ["chapel"])
OPS = User.build("ops", "operator", ["chapel"])
DAY = timedelta(days=1)


def redeemed(data_dir: Path, secret: Secret, name: str = "", *, is_rig: bool = False) -> User:
    """Use an invitation as its page or rig would."""
    password_hash = hashed("a password of the guest's own")
    proof = secret.key.proof(password_hash, name)
    joining = Joining(password_hash=password_hash, proof=proof, name=name, is_rig=is_rig)
    return Invitations(data_dir).redeem(secret.invitation_id, joining)[1]


def made_on_the_page(name: str | None = None, uses: int = 1, made_by: str = "ops") -> tuple[Invitation, Secret]:
    secret = Secret.fresh()
    row = Invitation(
        invitation_id=secret.invitation_id,
        key=secret.key.text,
        name=name,
        role=Role.VIEWER,
        project="chapel",
        expires_at=datetime.now(UTC) + DAY,
        uses=uses,
        made_by=made_by,
    )
    return row, secret


def test_the_page_derives_the_same() -> None:
    golden = json.loads((Path(__file__).parents[3] / "golden" / "invitation.json").read_text())
    secret = Secret(golden["secret"])
    assert secret.invitation_id == golden["invitation_id"]
    assert secret.key.text == golden["key"]
    assert is_password(golden["password"], golden["password_hash"])
    assert secret.key.proof(golden["password_hash"], golden["name"]) == golden["proof"]
    assert secret.key.seal(golden["answer"]) == golden["seal"]
    assert golden["most_uses"] == MOST_USES


def test_an_answer_is_checked() -> None:
    key = Secret.fresh().key
    key.check_seal("text", key.seal("text"))
    for answer, seal in (("tex", key.seal("text")), ("text", Secret.fresh().key.seal("text")), ("text", "ü")):
        with pytest.raises(BadInvitationError, match="does not come from the server"):
            key.check_seal(answer, seal)


def test_a_rig_is_invited_once(tmp_path: Path) -> None:
    secret = Invitations(tmp_path).add(RIG, lasts=DAY, uses=1)
    assert UserBook(tmp_path).users() == []
    assert redeemed(tmp_path, secret, is_rig=True) == RIG
    assert UserBook(tmp_path).users() == [RIG]
    assert is_password("a password of the guest's own", UserBook(tmp_path).accounts()[0].password_hash)
    with pytest.raises(BadInvitationError, match="used up"):
        redeemed(tmp_path, secret, is_rig=True)


def test_a_link_at_the_wrong_place_is_not_used_up(tmp_path: Path) -> None:
    rig, guest = (Invitations(tmp_path).add(user, lasts=DAY, uses=1) for user in (RIG, GUEST))
    with pytest.raises(BadInvitationError, match="for a rig"):
        redeemed(tmp_path, rig)
    with pytest.raises(BadInvitationError, match="open it in a browser"):
        redeemed(tmp_path, guest, is_rig=True)
    assert redeemed(tmp_path, rig, is_rig=True) == RIG
    assert redeemed(tmp_path, guest) == GUEST


def test_what_a_listener_heard_makes_no_account_with_another_password(tmp_path: Path) -> None:
    secret = Invitations(tmp_path).add(GUEST, lasts=DAY, uses=1)
    proof = secret.key.proof(hashed("mine"), "")
    with pytest.raises(BadInvitationError, match="damaged"):
        Invitations(tmp_path).redeem(secret.invitation_id, Joining(password_hash=hashed("stolen"), proof=proof))
    assert UserBook(tmp_path).users() == []
    assert secret.text not in (tmp_path / "invitations.json").read_text()


def test_who_comes_chooses_a_name_that_nobody_has(tmp_path: Path) -> None:
    UserBook(tmp_path).add(OPS)
    row, secret = made_on_the_page(uses=2)
    Invitations(tmp_path).put(row)
    assert redeemed(tmp_path, secret, "anna").name == "anna"
    for taken in ("anna", "ops"):
        with pytest.raises(NameTakenError, match="is taken"):
            redeemed(tmp_path, secret, taken)
    with pytest.raises(BadIdError):
        redeemed(tmp_path, secret, "rig-1")
    assert redeemed(tmp_path, secret, "berta").projects == ("chapel",)


def test_an_invitation_from_the_page_takes_no_account_over(tmp_path: Path) -> None:
    book = UserBook(tmp_path)
    book.add(OPS)
    book.add(User.build("anna", "viewer", ["castle"]))
    before = book.accounts()
    row, secret = made_on_the_page("anna")
    Invitations(tmp_path).put(row)
    with pytest.raises(NameTakenError):
        redeemed(tmp_path, secret)
    assert book.accounts() == before


def test_an_invitation_ends_with_its_operator(tmp_path: Path) -> None:
    UserBook(tmp_path).add(OPS)
    row, secret = made_on_the_page("anna")
    Invitations(tmp_path).put(row)
    UserBook(tmp_path).remove("ops")
    with pytest.raises(BadInvitationError, match="ops, who made this invitation, may invite no more"):
        redeemed(tmp_path, secret)


def test_an_operator_has_a_bounded_number_of_open_invitations(tmp_path: Path) -> None:
    UserBook(tmp_path).add(OPS)
    invitations = Invitations(tmp_path)
    made = [made_on_the_page(f"guest-{number}") for number in range(MOST_OPEN + 1)]
    for row, _ in made[:-1]:
        invitations.put(row)
    with pytest.raises(BadInvitationError, match="20 open invitations"):
        invitations.put(made[-1][0])
    with pytest.raises(BadInvitationError, match="of this number"):
        invitations.put(made[0][0])
    invitations.put(made_on_the_page(made_by="other")[0])
    redeemed(tmp_path, made[0][1])
    invitations.put(made[-1][0])
    assert [row.name for row in invitations.open_in("chapel")][:2] == [f"guest-{MOST_OPEN}", None]
    assert invitations.open_in("castle") == []
    with pytest.raises(BadInvitationError, match="in this project"):
        invitations.revoke(made[1][0].invitation_id, project="castle")


def test_each_use_of_a_shared_invitation_makes_an_account(tmp_path: Path) -> None:
    invitations = Invitations(tmp_path)
    secret = invitations.add(GUEST, lasts=DAY, uses=2)
    UserBook(tmp_path).add(User.build("guest-2", "viewer", ["castle"]))
    assert [redeemed(tmp_path, secret).name for _ in range(2)] == ["guest-1", "guest-3"]
    assert len(invitations.all()[0].redeemed) == 2


def test_a_shared_name_leaves_room_for_its_numbers(tmp_path: Path) -> None:
    longest = User.build("g" * 63, "viewer", ["chapel"])
    Invitations(tmp_path).add(longest, lasts=DAY, uses=1)
    with pytest.raises(BadIdError):
        Invitations(tmp_path).add(longest, lasts=DAY, uses=2)
    secret = Invitations(tmp_path).add(User.build("g" * 60, "viewer", ["chapel"]), lasts=DAY, uses=20)
    assert redeemed(tmp_path, secret).name == f"{'g' * 60}-1"


def test_a_second_invitation_renews_the_password_and_keeps_other_projects(tmp_path: Path) -> None:
    invitations, book = Invitations(tmp_path), UserBook(tmp_path)
    book.add(User.build("rig-1", "agent", ["castle"]))
    before = book.accounts()[0].password_hash
    redeemed(tmp_path, invitations.add(RIG, lasts=DAY, uses=1), is_rig=True)
    assert book.users()[0].projects == ("castle", "chapel")
    assert book.accounts()[0].password_hash != before


def test_an_invitation_changes_no_role(tmp_path: Path) -> None:
    invitations, book = Invitations(tmp_path), UserBook(tmp_path)
    book.add(User.build("guest", "operator", ["chapel"]))
    secret = invitations.add(GUEST, lasts=DAY, uses=1)
    with pytest.raises(BadUserError, match="with the role operator"):
        redeemed(tmp_path, secret)
    assert invitations.all()[0].redeemed == ()


def test_an_invitation_ends_with_its_time_or_when_it_is_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invitations = Invitations(tmp_path)
    first, second = (invitations.add(RIG, lasts=DAY, uses=1) for _ in range(2))
    assert invitations.revoke(first.invitation_id).name == "rig-1"
    with pytest.raises(BadInvitationError, match="revoked"):
        redeemed(tmp_path, first, is_rig=True)

    class Later(datetime):
        @classmethod
        def now(cls, _tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + 2 * DAY

    monkeypatch.setattr(module, "datetime", Later)
    with pytest.raises(BadInvitationError, match="ended on"):
        redeemed(tmp_path, second, is_rig=True)
    assert UserBook(tmp_path).users() == []


def test_nobody_is_invited_as_a_reconstructor_and_no_two_rigs_by_one_link(tmp_path: Path) -> None:
    invitations = Invitations(tmp_path)
    with pytest.raises(BadInvitationError, match="user add"):
        invitations.add(User.build("second", "reconstructor", ["chapel"]), lasts=DAY, uses=1)
    with pytest.raises(BadInvitationError, match="one rig"):
        invitations.add(RIG, lasts=DAY, uses=2)


def test_the_file_is_the_owners_only_and_damage_is_named(tmp_path: Path) -> None:
    invitations = Invitations(tmp_path)
    invitations.add(RIG, lasts=DAY, uses=1)
    path = tmp_path / "invitations.json"
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("{")
    with pytest.raises(BadInvitationError, match=r"invitations\.json is damaged"):
        invitations.all()


def test_a_full_disk_is_named_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BadInvitationError, match=r"cannot write the invitations in .*: No space left on device"):
        Invitations(tmp_path).add(GUEST, lasts=DAY, uses=1)
    assert Invitations(tmp_path).all() == []


def test_invitations_end_with_their_project(tmp_path: Path) -> None:
    invitations = Invitations(tmp_path)
    invitations.revoke_project("chapel")
    assert not (tmp_path / "invitations.json").exists()
    secret = invitations.add(GUEST, lasts=DAY, uses=2)
    other = invitations.add(User.build("rig-2", "agent", ["castle"]), lasts=DAY, uses=1)
    invitations.revoke_project("chapel")
    with pytest.raises(BadInvitationError, match="it was revoked"):
        redeemed(tmp_path, secret)
    assert redeemed(tmp_path, other, is_rig=True).name == "rig-2"


def test_a_link_does_not_bring_an_account_back_that_was_removed(tmp_path: Path) -> None:
    invitations = Invitations(tmp_path)
    again = invitations.add(RIG, lasts=DAY, uses=1)
    shared = invitations.add(GUEST, lasts=DAY, uses=2)
    invitations.revoke_account("rig-1")
    invitations.revoke_account("guest")  # the accounts of this link get numbers
    with pytest.raises(BadInvitationError, match="it was revoked"):
        redeemed(tmp_path, again, is_rig=True)
    assert redeemed(tmp_path, shared).name == "guest-1"


def test_a_link_comes_back() -> None:
    link = Link(page="http://192.168.1.5:8080/", host="192.168.1.5", secret=Secret.fresh())
    assert Link.read(f" {link}\n") == link
    assert Link.read(f"{link}&name=ask") == link


@pytest.mark.parametrize(
    "text",
    [
        "",
        "chapel",
        "http://host/",
        "http://host/#invite=short",
        "ftp://host/#invite=AAAAAAAAAAAAAAAAAAAAAAAA",
        "http:///#invite=AAAAAAAAAAAAAAAAAAAAAAAA",
        "http://[host/#invite=AAAAAAAAAAAAAAAAAAAAAAAA",
        "mqtts://rig-1:password@host/chapel",
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInvitationError, match="looks like this"):
        Link.read(text)
