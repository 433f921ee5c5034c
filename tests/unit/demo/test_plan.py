"""What a demo decides before it starts."""

from dataclasses import replace
from pathlib import Path

from admin.invite import local_address
from broker.accounts.invitation_secret import Link
from broker.accounts.invitations import Invitations, Joining
from broker.accounts.passwords import hashed, is_password
from broker.channel import Role
from broker.ids import ProjectId
from demo.plan import DemoPlan


def plan(folder: Path) -> DemoPlan:
    return DemoPlan(data_dir=folder, project=ProjectId("demo"), page_port=8080, mqtt_port=1883, interval_s=1.0)


def test_each_who_opens_the_link_becomes_a_contributor_with_an_account_of_their_own(tmp_path: Path) -> None:
    demo = plan(tmp_path)
    demo.open_accounts()
    link = Link.read(str(demo.invite()))
    assert link.page == "http://127.0.0.1:8080/"
    hashes = [hashed(password) for password in ("one", "two")]
    guests = [
        Invitations(demo.broker.data_dir).redeem(
            link.secret.invitation_id,
            Joining(password_hash=each, proof=link.secret.key.proof(each, "")),
        )[1]
        for each in hashes
    ]
    assert [(guest.name, guest.role) for guest in guests] == [
        ("visitor-1", Role.CONTRIBUTOR),
        ("visitor-2", Role.CONTRIBUTOR),
    ]


def test_a_page_for_the_network_is_named_by_an_address_that_phones_reach(tmp_path: Path) -> None:
    open_to_all = replace(plan(tmp_path), page_host="0.0.0.0")  # noqa: S104 - nothing listens
    assert open_to_all.invite().host == local_address()
    assert replace(plan(tmp_path), page_host="192.0.2.7").invite().page == "http://192.0.2.7:8080/"


def test_accounts_keep_their_passwords_when_a_demo_goes_on(tmp_path: Path) -> None:
    plan(tmp_path).open_accounts()
    first = {name: plan(tmp_path).connection(name).secret() for name in ("ops", "page", "rig-demo")}
    plan(tmp_path).open_accounts()
    assert {name: plan(tmp_path).connection(name).secret() for name in first} == first
    for account in plan(tmp_path).book.accounts():
        assert is_password(plan(tmp_path).connection(str(account.user.name)).secret() or "", account.password_hash)


def test_passwords_reach_programs_by_file_and_never_by_value(tmp_path: Path) -> None:
    demo = plan(tmp_path)
    demo.open_accounts()
    secrets = {demo.connection(str(user.name)).secret() for user in demo.book.users()}
    values = demo.environment("CAIRN_VIEW", "page", PORT=1).values()
    assert not secrets & set(values)
    assert str(demo.password_file("page")) in values
