"""A program starts with the descriptors that the system allows, and each listener of the broker gets its share."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from broker.clients.descriptors import MOST_DESCRIPTORS, descriptor_limit
from broker.mosquitto import MOST_CONNECTIONS, BrokerPlan, conf_lines

PROGRAM = "from broker.clients.descriptors import *; raise_descriptor_limit(); print(descriptor_limit())"


@pytest.mark.parametrize(("soft", "hard", "expected"), [(256, 4096, 4096), (4096, 4096, 4096), (256, 100_000, None)])
def test_the_soft_limit_rises_to_the_hard_one_and_not_beyond_what_our_units_allow(
    soft: int, hard: int, expected: int | None
) -> None:
    _, ours = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if ours == resource.RLIM_INFINITY else min(hard, ours)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {most})); "
    done = subprocess.run([sys.executable, "-c", limit + PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) == (expected or min(most, MOST_DESCRIPTORS))


def test_every_listener_has_a_limit_and_all_of_them_fit_below_the_descriptors(tmp_path: Path) -> None:
    plan = BrokerPlan(data_dir=tmp_path, port=1883, tls_port=8883, websocket_port=9001)
    lines = list(conf_lines(plan))
    limits = [int(line.split()[1]) for line in lines if line.startswith("max_connections ")]
    assert len(limits) == 3
    assert sum(limits) < descriptor_limit()
    assert [line.split()[0] for line in lines if line.startswith(("listener", "max_connections"))] == [
        "listener",
        "max_connections",
    ] * 3


def test_a_large_limit_is_not_used_up_and_a_small_one_is_shared(tmp_path: Path) -> None:
    plan = BrokerPlan(data_dir=tmp_path, port=1883, tls_port=8883)
    assert plan.most_connections(MOST_DESCRIPTORS) == MOST_CONNECTIONS
    assert plan.most_connections(1024) == (1024 - 100) // 2
