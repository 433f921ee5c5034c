"""What is missing or does not fit together is named, with the command that mends it."""

import pytest

from admin.doctor.findings import Level
from admin.doctor.settings import check_settings
from admin.installation import Installation
from admin.system import System
from broker.config import BadSettingsError


def found(system: System) -> list[str]:
    return [each.found for each in check_settings(Installation.load(system)) if each.level is not Level.OK]


def change(system: System, old: str, new: str) -> None:
    text = system.settings_file.read_text()
    assert old in text
    system.settings_file.write_text(text.replace(old, new, 1))


def test_what_init_made_is_complete(system: System) -> None:
    (only,) = check_settings(Installation.load(system))
    assert only.level is Level.OK
    assert only.found.endswith("cairn.toml is complete: chapel")


def test_a_lost_password_and_a_removed_account_are_named(system: System) -> None:
    system.password_file("page").unlink()
    system.book.remove("ops")
    assert found(system) == [
        f"{system.password_file('page')} is missing",
        "there is no account ops with the role operator",
    ]


def test_projects_and_ports_that_differ_are_named(system: System) -> None:
    port = Installation.load(system).broker.port
    change(system, f"port = {port}\n", f"port = {port + 1}\n")
    change(system, 'projects = ["chapel"]', 'projects = ["castle"]')
    assert found(system) == [
        "reconstructor and page do not have the same projects: castle, chapel",
        "the account reconstructor does not belong to castle",
        "the account page does not belong to castle",
        "the account ops does not belong to castle",
        f"reconstructor.broker.port is {port}, but the broker listens on {port + 1}",
        f"viewer.broker.port is {port}, but the broker listens on {port + 1}",
    ]


def test_a_page_without_the_keepers_socket_is_named(system: System) -> None:
    change(system, "keeper_socket", "# keeper_socket")
    assert found(system) == ["the page cannot redeem invitations"]


@pytest.mark.parametrize("times", [1, 2])
def test_programs_without_a_common_folder_of_exports_are_named(system: System, times: int) -> None:
    text = system.settings_file.read_text(encoding="utf-8")
    assert text.count("export_dir") == 2
    system.settings_file.write_text(text.replace("export_dir", "# export_dir", times), encoding="utf-8")
    assert found(system) == ["nobody can export from the page: reconstructor and page have no common folder for it"]


def test_a_folder_without_a_system_says_what_to_do(system: System) -> None:
    system.settings_file.unlink()
    with pytest.raises(BadSettingsError, match="run `cairn init PROJECT` first"):
        Installation.load(system)
