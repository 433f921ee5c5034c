import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def cairn_edge(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cairn", "edge", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["run", "status", "calibrate"])
def test_the_rigs_folder_is_named_with_data_everywhere(command: str) -> None:
    shown = cairn_edge(command, "--help").stdout
    assert "--data" in shown
    assert "--spool" not in shown


def test_a_log_level_that_does_not_exist_is_a_usage_error_that_lists_the_choices() -> None:
    refused = cairn_edge("run", "--log-level", "loud")
    assert refused.returncode == 2
    assert "warning" in refused.stderr


def test_a_program_of_the_tree_installs_no_completion_of_its_own() -> None:
    assert "--install-completion" not in cairn_edge("--help").stdout
