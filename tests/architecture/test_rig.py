"""Floor 3: a rig is a small computer, so the edge agent never loads numerics, also not by a detour."""

import json
import pkgutil
import subprocess
import sys

import edge_agent
from tests.architecture.sources import ROOT

HEAVY = ("numpy", "scipy", "torch", "open3d", "pycolmap", "cv2", "broker.shards")

# Imports one module after the other and notes what each brought along that was not there before.
PROBE = """
import importlib, json, sys
heavy = set({heavy!r})
brought = {{}}
for name in {names!r}:
    before = set(sys.modules)
    importlib.import_module(name)
    brought[name] = sorted(heavy & (set(sys.modules) - before))
print(json.dumps(brought))
"""


def rig_modules() -> list[str]:
    """Name every module of the edge agent but the simulated camera, which renders with Open3D."""
    found = pkgutil.walk_packages(edge_agent.__path__, "edge_agent.")
    return [module.name for module in found if not module.name.startswith("edge_agent.cameras.simulated")]


def brought_by_module(names: list[str]) -> dict[str, list[str]]:
    """Import the modules in a fresh interpreter and tell which heavy ones each loaded."""
    program = PROBE.format(heavy=HEAVY, names=names)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    brought: dict[str, list[str]] = json.loads(done.stdout)
    return brought


def test_the_edge_agent_loads_no_numerics() -> None:
    names = rig_modules()
    assert {"edge_agent.cameras.camera", "edge_agent.cli"} <= set(names)
    assert {name: heavy for name, heavy in brought_by_module(names).items() if heavy} == {}


def test_the_probe_sees_a_module_that_loads_numerics() -> None:
    assert brought_by_module(["broker.errors", "broker.shards"]) == {
        "broker.errors": [],
        "broker.shards": ["broker.shards", "numpy"],
    }
