"""What is installed: pinned, from any registry, and never without its page."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from benchmarks.parts.page.first_visit import first_visit_bytes
from tests.architecture.sources import PROGRAMS, ROOT

PIN = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*")
BUILD_WHEEL = "import sys, setuptools.build_meta as backend; print(backend.build_wheel(sys.argv[1]))"


def test_constraints_are_exact_and_name_no_registry() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not PIN.fullmatch(line)] == []


def test_every_python_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {re.split(r"[<>=!~; \[]", requirement)[0].lower() for requirement in wanted} - {"cairn"}
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}  # one name for pip, whichever is written
    assert names - pinned == set()


def test_page_dependencies_are_exact_and_name_no_registry() -> None:
    package = json.loads((ROOT / "viewer/web/package.json").read_text(encoding="utf-8"))
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert {name: version for name, version in versions.items() if not re.fullmatch(r"[\d.]+", version)} == {}
    lock = json.loads((ROOT / "viewer/web/package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy what a wheel is made of, with an empty package in place of each program."""
    for name in ("pyproject.toml", "setup.py", "README.md"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "cairn.py").touch()
    for program in PROGRAMS:
        (tmp_path / program).mkdir()
        (tmp_path / program / "__init__.py").touch()
    return tmp_path


def build_wheel(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Build as pip does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", BUILD_WHEEL, "dist"], cwd=checkout, capture_output=True, text=True, check=False
    )


def test_a_wheel_without_the_page_is_refused_in_one_line(checkout: Path) -> None:
    done = build_wheel(checkout)
    assert done.returncode != 0
    assert (
        done.stderr.splitlines()[-1]
        == "there is no viewer/web/dist/index.html: run `make setup` first, then build the wheel"
    )
    assert list(checkout.glob("dist/*.whl")) == []


def test_a_wheel_carries_the_built_page(checkout: Path) -> None:
    assets = checkout / "viewer/web/dist/assets"
    assets.mkdir(parents=True)
    elements = checkout / "viewer/web/elements/dist/package.json"
    elements.parent.mkdir(parents=True)
    elements.write_text("{}")
    (assets.parent / "index.html").write_text("<!doctype html>")
    (assets / "index-1a2b.js").write_text("export {};")
    done = build_wheel(checkout)
    assert done.returncode == 0, done.stderr
    (wheel,) = checkout.glob("dist/*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"viewer/web/dist/index.html", "viewer/web/dist/assets/index-1a2b.js", "cairn.py"} <= set(names)
    assert "viewer/web/elements/dist/package.json" in names


def test_the_built_page_is_small_and_loads_nothing_from_elsewhere() -> None:
    page = ROOT / "viewer/web/dist"
    texts = [path for path in page.rglob("*") if path.suffix in {".html", ".css", ".js"}]
    assert page / "index.html" in texts, "the page is not built: run `make setup`"
    assert 100_000 < first_visit_bytes(page) <= 350_000
    loaded = re.compile(r"""(?:src|href|import|url)\s*[=(]\s*["']?(?:https?:)?//""")
    assert [path.name for path in texts if loaded.search(path.read_text(encoding="utf-8"))] == []
