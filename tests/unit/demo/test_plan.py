"""What a demo decides before it starts."""

import base64
import json
from pathlib import Path

from broker.channel import Role
from broker.ids import ProjectId
from demo.plan import DemoPlan


def plan(folder: Path) -> DemoPlan:
    return DemoPlan(data_dir=folder, project=ProjectId("demo"), page_port=8080, mqtt_port=1883, interval_s=1.0)


def test_join_link_carries_a_contributor_in_its_fragment(tmp_path: Path) -> None:
    demo = plan(tmp_path)
    demo.open_accounts()
    address, _, fragment = demo.join_link().partition("#join=")
    word = json.loads(base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4)))
    assert address == "http://127.0.0.1:8080/"
    assert word == {"user": "visitor", "password": demo.connection("visitor").secret(), "project": "demo"}
    role = {str(each.user.name): each.user.role for each in demo.open_accounts()}["visitor"]
    assert role is Role.CONTRIBUTOR


def test_accounts_keep_their_passwords_when_a_demo_goes_on(tmp_path: Path) -> None:
    first = plan(tmp_path).open_accounts()
    assert plan(tmp_path).open_accounts() == first


def test_passwords_reach_programs_by_file_and_never_by_value(tmp_path: Path) -> None:
    demo = plan(tmp_path)
    secrets = {credential.password for credential in demo.open_accounts()}
    values = demo.environment("CAIRN_VIEW", "page", PORT=1).values()
    assert not secrets & set(values)
    assert str(demo.password_file("page")) in values
