"""deploy/setup.sh puts `cairn` on the PATH once, and never in the place of another program."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DIGEST = r"sed -n '/^\[project\]/,/^\[tool\.ruff\]/p' pyproject.toml | cat - constraints.txt setup.py | cksum"


def program(path: Path, script: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which the packages of a rig are installed already."""
    checkout = tmp_path / "cairn"
    (checkout / "deploy").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/setup.sh", checkout / "deploy")
    for name in ("pyproject.toml", "constraints.txt", "setup.py"):
        shutil.copy(ROOT / name, checkout)
    for name in ("python", "pip", "cairn"):
        program(checkout / ".venv/bin" / name)
    (checkout / ".venv/pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    stamp = subprocess.run(["bash", "-c", DIGEST], cwd=checkout, capture_output=True, text=True, check=True).stdout
    (checkout / ".venv/.cairn-rig").write_text(stamp.strip())
    return checkout


def set_up(checkout: Path, *path: Path) -> str:
    """Run the set-up of a rig with these folders first on the PATH; return what it said."""
    links = checkout.parent / "links"
    done = subprocess.run(
        [checkout / "deploy/setup.sh", "rig"],
        env={
            "PATH": ":".join([*map(str, path), os.defpath, "/bin:/usr/bin"]),
            "CAIRN_BIN_DIR": str(links),
            "HOME": "/",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_the_command_is_linked_once_and_then_nothing_is_said(checkout: Path) -> None:
    links = checkout.parent / "links"
    assert f"the command cairn is in {links}" in set_up(checkout, links)
    assert (links / "cairn").readlink() == checkout / ".venv/bin/cairn"
    assert set_up(checkout, links) == ""
    assert set_up(checkout, checkout / ".venv/bin", links) == ""  # an activated environment


@pytest.mark.parametrize("words", [("rig", "heic"), ("dev", "heic"), ("server", "raw"), ()])
def test_the_reader_of_heic_is_for_those_who_reconstruct(checkout: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [checkout / "deploy/setup.sh", *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "deploy/setup.sh" in done.stderr


def test_a_folder_that_the_shell_does_not_search_is_told_with_the_line_for_it(checkout: Path) -> None:
    links = checkout.parent / "links"
    assert f'export PATH="{links}:$PATH"' in set_up(checkout, checkout / ".venv/bin")


def test_another_program_of_this_name_stays(checkout: Path) -> None:
    links = checkout.parent / "links"
    other = program(links / "cairn", "echo another")
    assert f"another program, {other}; ours is {checkout}/.venv/bin/cairn" in set_up(checkout, links)
    assert "echo another" in other.read_text()
    assert "sudo ln -s" in set_up(checkout)
    assert "echo another" in other.read_text()


def test_a_link_to_a_checkout_that_is_gone_is_renewed(checkout: Path) -> None:
    links = checkout.parent / "links"
    links.mkdir()
    (links / "cairn").symlink_to("/gone/cairn/.venv/bin/cairn")
    set_up(checkout, links)
    assert (links / "cairn").readlink() == checkout / ".venv/bin/cairn"


def test_an_upgrade_of_the_systems_python_makes_the_environment_again(checkout: Path) -> None:
    ours, calls, system = checkout / ".venv/bin", checkout / "calls", checkout.parent / "system"
    program(ours / "python", "exit 1")  # it has no packages
    made = f'echo "#!/bin/sh\necho \\$@ >>{calls}" >{ours}/python; touch {ours}/pip {ours}/cairn; chmod 755 {ours}/*'
    program(system / "python3", f'case "$*" in *venv*) rm -f .venv/.cairn-*; echo "$@" >>{calls}; {made} ;; esac')
    set_up(checkout, system)
    said = calls.read_text().splitlines()
    assert said[0] == "-m venv --clear .venv"
    assert [line for line in said if line.startswith("-m pip install")]


@pytest.mark.skipif(Path("/usr/lib/python3/dist-packages/picamera2").exists(), reason="picamera2 is installed")
def test_a_raspberry_pi_gets_debians_picamera2_into_its_environment(checkout: Path) -> None:
    programs, calls = checkout / ".venv/bin", checkout / "calls"
    program(programs / "grep", 'case "$*" in *Raspberry*) exit 0 ;; *) exec /bin/grep "$@" ;; esac')
    program(programs / "sudo", 'exec "$@"')
    program(programs / "apt-get", f'echo "$@" >>{calls}')
    set_up(checkout, checkout.parent / "links")
    assert "install -y -qq --no-install-recommends python3-picamera2" in calls.read_text()
    assert "include-system-site-packages = true" in (checkout / ".venv/pyvenv.cfg").read_text()
