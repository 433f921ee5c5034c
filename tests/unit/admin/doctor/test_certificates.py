"""A certificate that clients refuse is found, with the reason and what to do."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from admin import certificates
from admin.certificates import TlsFiles, machine_names
from admin.doctor.certificates import check_certificates, check_pair
from admin.doctor.findings import Finding, Level
from admin.installation import Installation
from admin.system import System

NAMES = frozenset({"localhost", "192.168.7.7"})


def made(folder: Path, monkeypatch: pytest.MonkeyPatch, *, days_ago: int = 0) -> TlsFiles:
    now = dt.datetime.now(dt.UTC)
    files = TlsFiles(folder)
    with monkeypatch.context() as patch:
        patch.setattr(certificates, "_now", lambda: now - dt.timedelta(days=days_ago))
        files.ensure(NAMES)
    return files


def checked(files: TlsFiles, authority: Path | None = None, names: frozenset[str] = NAMES) -> list[Finding]:
    return list(check_pair(files.certificate, files.key, authority or files.authority, names=names, advice="renew it"))


def test_the_certificate_of_init_is_good(installation: Installation) -> None:
    (only,) = check_certificates(installation)
    assert only.level is Level.OK
    assert "names this machine, fits its key, ends 20" in only.found
    assert machine_names()


def test_an_expired_one_is_a_fault_and_one_that_soon_expires_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (expired,) = checked(made(tmp_path / "a", monkeypatch, days_ago=certificates.SERVER_DAYS + 1))
    assert (expired.level, expired.advice) == (Level.FAULT, "renew it")
    assert "has expired, on 20" in expired.found
    (soon,) = checked(made(tmp_path / "b", monkeypatch, days_ago=certificates.SERVER_DAYS - 10))
    assert soon.level is Level.WARNING
    assert "expires in 9 days" in soon.found
    (authority, _server) = reversed(
        checked(made(tmp_path / "c", monkeypatch, days_ago=certificates.AUTHORITY_DAYS + 1))
    )
    assert "the authority" in authority.found
    assert "invite every rig again" in authority.advice


def test_one_of_tomorrow_tells_of_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (early,) = checked(made(tmp_path, monkeypatch, days_ago=-3))
    assert "is valid only from" in early.found
    assert "set the clock" in early.advice


def test_a_missing_name_a_foreign_key_and_a_foreign_authority_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = made(tmp_path / "ours", monkeypatch), made(tmp_path / "theirs", monkeypatch)
    (nameless,) = checked(ours, names=NAMES | {"10.0.0.5"})
    assert nameless.level is Level.WARNING
    assert "does not name 10.0.0.5: clients" in nameless.found
    (unsigned,) = checked(ours, authority=theirs.authority)
    assert "has not signed" in unsigned.found
    ours.key.write_bytes(theirs.key.read_bytes())
    (misfit,) = checked(ours)
    assert misfit.found == f"{ours.key} is not the key of {ours.certificate}"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = made(tmp_path, monkeypatch)
    files.key.unlink()
    (lost,) = checked(files)
    assert (lost.level, lost.found.endswith(f"'{files.key}'")) == (Level.FAULT, True)
    files.certificate.write_text("nonsense")
    (damaged,) = checked(files)
    assert "cannot be read" in damaged.found


def test_it_says_who_renews_a_certificate(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(System, "names", lambda _: frozenset({"another.example.org"}))
    others = made(tmp_path / "others", monkeypatch)
    viewer = installation.viewer.model_copy(update={"certificate": others.certificate, "key": others.key})
    here = replace(installation, viewer=viewer, unit_folder=tmp_path)
    ours, foreign = check_certificates(here)
    assert ours.advice == "end `cairn up` and start it again; that renews it"
    assert foreign.advice == "get a new one from its issuer"
    line = f"Environment=CAIRN_SETTINGS={installation.system.settings_file.resolve()}\n"
    (tmp_path / "cairn-broker.service").write_text(line)
    assert next(check_certificates(here)).advice == "renew it: `sudo systemctl start cairn-renew`"
