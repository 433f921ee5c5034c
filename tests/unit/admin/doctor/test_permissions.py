"""A secret that others may read is found by its mode and its owner."""

import os
from pathlib import Path

import pytest

from admin.doctor.findings import Level
from admin.doctor.permissions import check_modes, check_owners, check_permissions, secret_files
from admin.installation import Installation


def test_what_init_made_is_closed(installation: Installation) -> None:
    (only,) = check_permissions(installation)
    assert only.level is Level.OK
    names = {each.name for each in secret_files(installation)}
    assert {"ops.password", "page.password", "reconstructor.password", "ca.key", "server.key", "users.json"} <= names


def test_each_open_file_and_folder_is_named_with_its_command(installation: Installation) -> None:
    password, folder = installation.system.password_file("ops"), installation.broker.data_dir
    password.chmod(0o644)
    folder.chmod(0o755)
    first, second = check_permissions(installation)
    assert first.found == f"{password} is open to other accounts of this machine: mode 644"
    assert first.advice == f"chmod 600 {password}"
    assert second.advice == f"chmod go-rw {folder}"
    assert first.level is second.level is Level.FAULT


def test_services_may_pass_through_a_folder(installation: Installation) -> None:
    installation.system.secrets.chmod(0o711)
    (only,) = check_permissions(installation)
    assert only.level is Level.OK


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_a_file_of_somebody_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.password"
    path.touch(mode=0o600)
    os.chown(path, 65534, -1)
    (only,) = check_owners([path], os.geteuid())
    assert only.found == f"{path} belongs to nobody"
    assert only.advice == f"chown root {path}"


def test_a_page_that_is_a_service_reads_the_key_by_the_group_of_its_folder(tmp_path: Path) -> None:
    key = tmp_path / "tls" / "server.key"
    key.parent.mkdir(mode=0o711)
    key.touch()
    key.chmod(0o640)
    assert len(list(check_modes([key]))) == 1
    key.parent.chmod(0o2711)
    assert list(check_modes([key])) == []
    key.chmod(0o644)
    assert len(list(check_modes([key]))) == 1
    authority = key.with_name("ca.key")
    authority.touch()
    authority.chmod(0o640)
    assert [each.advice for each in check_modes([authority])] == [f"chmod 600 {authority}"]
