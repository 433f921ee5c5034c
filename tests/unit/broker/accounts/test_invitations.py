"""Invitations are used as often as they say, in their time, and nothing that crosses the network lets anybody log in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.accounts import invitations as module
from broker.accounts.access import BadUserError, User
from broker.accounts.invitation_secret import BadInvitationError, Link, Secret
from broker.accounts.invitations import Invitations
from broker.accounts.users import UserBook

RIG = User.build("rig-1", "agent", ["chapel"])
GUEST = User.build("guest", "viewer", ["chapel"])
DAY = timedelta(days=1)


def test_the_page_derives_the_same() -> None:
    """viewer/web/tests/wire/invitation.test.ts has these values."""
    secret = Secret("A" * 24)
    answer = '{"user":"anna","role":"contributor","project":"chapel"}'
    assert secret.invitation_id == "94a3923042606714c077c932994bf8ad"
    assert secret.seal(answer) == "63195af12f0ef983f0b90521db0f1d952b8b10d23cb83cc2e5431ad09de6504f"
    assert secret.password("anna") == "7bef29b88ad8befb07c5ba4e5b2f87c7044af4dec48fe6e70b041fb182108ee9"


def test_an_answer_is_checked() -> None:
    secret = Secret.fresh()
    secret.check("text", secret.seal("text"))
    for answer, seal in (("tex", secret.seal("text")), ("text", Secret.fresh().seal("text")), ("text", "ü")):
        with pytest.raises(BadInvitationError, match="does not come from the server"):
            secret.check(answer, seal)


def test_a_rig_is_invited_once(tmp_path: Path) -> None:
    book, invitations = Invitations(tmp_path), Invitations(tmp_path)
    secret = invitations.add(RIG, lasts=DAY, uses=1)
    assert UserBook(tmp_path).users() == []
    row, user = book.redeem(secret.invitation_id)
    assert (row.name, user) == ("rig-1", RIG)
    assert UserBook(tmp_path).users() == [RIG]
    with pytest.raises(BadInvitationError, match="used up"):
        invitations.redeem(secret.invitation_id)


def test_each_use_of_a_shared_invitation_makes_an_account(tmp_path: Path) -> None:
    invitations = Invitations(tmp_path)
    secret = invitations.add(GUEST, lasts=DAY, uses=2)
    assert [invitations.redeem(secret.invitation_id)[1].name for _ in range(2)] == ["guest-1", "guest-2"]
    assert len(invitations.all()[0].redeemed) == 2


def test_a_second_invitation_renews_the_password_and_keeps_other_projects(tmp_path: Path) -> None:
    invitations, book = Invitations(tmp_path), UserBook(tmp_path)
    book.add(User.build("rig-1", "agent", ["castle"]))
    before = book.accounts()[0].password_hash
    invitations.redeem(invitations.add(RIG, lasts=DAY, uses=1).invitation_id)
    assert book.users()[0].projects == ("castle", "chapel")
    assert book.accounts()[0].password_hash != before


def test_an_invitation_changes_no_role(tmp_path: Path) -> None:
    invitations, book = Invitations(tmp_path), UserBook(tmp_path)
    book.add(User.build("guest", "operator", ["chapel"]))
    secret = invitations.add(GUEST, lasts=DAY, uses=1)
    with pytest.raises(BadUserError, match="with the role operator"):
        invitations.redeem(secret.invitation_id)
    assert invitations.all()[0].redeemed == ()


def test_an_invitation_ends_with_its_time_or_when_it_is_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invitations = Invitations(tmp_path)
    first, second = (invitations.add(RIG, lasts=DAY, uses=1) for _ in range(2))
    assert invitations.revoke(first.invitation_id).name == "rig-1"
    with pytest.raises(BadInvitationError, match="revoked"):
        invitations.redeem(first.invitation_id)

    class Later(datetime):
        @classmethod
        def now(cls, _tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + 2 * DAY

    monkeypatch.setattr(module, "datetime", Later)
    with pytest.raises(BadInvitationError, match="ended on"):
        invitations.redeem(second.invitation_id)
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


def test_a_link_comes_back() -> None:
    link = Link(page="http://192.168.1.5:8080/", host="192.168.1.5", secret=Secret.fresh())
    assert Link.read(f" {link}\n") == link


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
