"""How a system is started again, and where its programs write, depends on what runs it."""

from dataclasses import replace
from pathlib import Path

from admin.installation import Installation


def test_a_system_without_units_is_started_by_cairn_up(installation: Installation, tmp_path: Path) -> None:
    alone = replace(installation, unit_folder=tmp_path)
    assert alone.start == "`cairn up`"
    assert alone.log("page").endswith("data/logs/page.log")
    (tmp_path / "cairn-broker.service").write_text("Environment=CAIRN_SETTINGS=/srv/another/cairn.toml\n")
    assert not alone.is_service


def test_a_system_with_units_is_started_by_systemctl(installation: Installation, tmp_path: Path) -> None:
    settings_file = installation.system.settings_file.resolve()
    (tmp_path / "cairn-broker.service").write_text(f"Environment=CAIRN_SETTINGS={settings_file}\n")
    kept = replace(installation, unit_folder=tmp_path)
    assert kept.is_service
    assert kept.start.startswith("`sudo systemctl start cairn-broker")
    assert "systemctl restart" in kept.restart
    assert kept.log("page") == "`journalctl -u cairn-page`"


def test_the_operators_account_and_the_pages_address_follow_from_the_settings(installation: Installation) -> None:
    assert installation.operator.username == "ops"
    assert len(installation.operator.secret() or "") > 20
    assert installation.page_address() == f"http://127.0.0.1:{installation.viewer.port}/"
    assert installation.page_address("fe80::1") == f"http://[fe80::1]:{installation.viewer.port}/"
