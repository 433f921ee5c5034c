"""Does every program wait passively in OpenMP? The variable must be set before torch or pycolmap are loaded."""

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT

PROGRAMS = ("benchmarks.dense", "benchmarks.engine_accuracy", "benchmarks.engine_latency", "reconstructor.engine.live")
CODE = """
import importlib, os, sys
class Look:
    def find_spec(self, name, path=None, target=None):
        if name in {"torch", "pycolmap"}:
            is_passive = os.environ.get("OMP_WAIT_POLICY") == "passive"
            raise SystemExit(0 if is_passive else f"{name} is loaded before OMP_WAIT_POLICY is set")
sys.meta_path.insert(0, Look())
importlib.import_module(sys.argv[1])
raise SystemExit("it loads neither torch nor pycolmap")
"""


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_wait_policy_is_set_before_openmp_is_loaded(program: str) -> None:
    subprocess.run([sys.executable, "-c", CODE, program], cwd=ROOT, check=True, timeout=120, env={"PATH": "/usr/bin"})
