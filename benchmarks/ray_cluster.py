"""Does a Ray cluster lose a photograph when parts of it die? `python -m benchmarks.ray_cluster`: one line of JSON last.

A head and two workers on this machine; twenty projects whose rigs send at a steady pace to the light black box. While
they work, an actor is killed by Ray, another one's process and a whole node by SIGKILL. `serving_again_s` is the longest
time from such a kill until each project that was hit had its next photograph processed. Needs `cairn[ray]`. Exit code 1
when something could not be measured, was lost, done twice or out of order.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.parts.many_projects import Processed, Stage, project_names, stage
from broker.ids import ProjectId
from broker.logs import LogLevel, configure
from tests.integration.reconstructor.programs import RIG, Rig
from tests.photographs import image_id, photograph

HEALTH_CHECK: Final = {
    "health_check_initial_delay_ms": 500,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 3,
}
SPARE_WORKERS: Final = 4  # processes that each node has ready beside one for each project: any node may get all of them
READY_S, DONE_S, LIMIT_S = 400.0, 300.0, 60.0
NEVER: Final = 1_000_000


def hosted(folder: Path, below: int | None = None) -> dict[ProjectId, int]:
    """The projects whose black box runs below an actor, and that actor's process."""
    found: dict[ProjectId, int] = {}
    for process in psutil.process_iter():
        try:
            place, actor = Path(process.cwd()), process.parent()
            is_ours = place.name == "black_box" and place.is_relative_to(folder)
            if (
                is_ours
                and actor is not None
                and (below is None or any(each.pid == below for each in process.parents()))
            ):
                found[ProjectId(place.parent.name)] = actor.pid
        except psutil.Error:
            continue
    return found


@dataclass(frozen=True, slots=True)
class Work:
    """What was processed, and how many photographs each project was sent."""

    seen: Processed
    sent: Counter[ProjectId]

    async def until_next(self, hit: set[ProjectId]) -> float:
        """Seconds until each of these projects has processed a photograph that was sent from now on."""
        began_s = time.monotonic()
        counts = {each: self.sent[each] for each in hit}
        waiting = (self.seen.until_processed(each, count + 1, LIMIT_S) for each, count in counts.items())
        await asyncio.gather(*waiting)
        return time.monotonic() - began_s


async def send(here: Stage, project: ProjectId, pace_s: float, enough: asyncio.Event, sent: Counter[ProjectId]) -> None:
    """A rig that sends at a steady pace until it is enough, and counts how many photographs."""
    async with Rig.of(here.broker.connection(RIG), project=project) as rig:
        while not enough.is_set():
            sent[project] += 1
            payload = photograph(sent[project])
            await rig.send(payload, image_id(payload, sent[project]))
            await asyncio.sleep(pace_s)


async def kill_all(folder: Path, cluster: Any, node: Any, work: Work, pause_s: float) -> dict[str, float]:
    """Kill one of each kind; returns how long each took to be served again."""
    import ray  # noqa: PLC0415 - an optional extra

    took_s: dict[str, float] = {}
    one, other = sorted(hosted(folder))[:2]
    await asyncio.sleep(pause_s)
    (name,) = (each["name"] for each in ray.util.list_named_actors(all_namespaces=True) if each["name"].startswith(one))
    await asyncio.to_thread(ray.kill, ray.get_actor(name, namespace="cairn"), no_restart=False)
    took_s["actor"] = await work.until_next({one})
    print(f"actor: {took_s['actor']:.1f} s", flush=True)
    await asyncio.sleep(pause_s)
    os.kill(hosted(folder)[other], signal.SIGKILL)
    took_s["process"] = await work.until_next({other})
    print(f"process: {took_s['process']:.1f} s", flush=True)
    await asyncio.sleep(pause_s)
    raylet = node.all_processes["raylet"][0].process.pid
    hit = set(hosted(folder, raylet))
    processes = psutil.Process(raylet).children(recursive=True)
    os.kill(raylet, signal.SIGKILL)
    for each in processes:
        if each.is_running():
            each.kill()
    took_s["node"] = await work.until_next(hit) if hit else float("nan")
    print(f"node with {len(hit)} projects: {took_s['node']:.1f} s", flush=True)
    await asyncio.to_thread(cluster.remove_node, node, allow_graceful=False)
    return took_s


async def measure(folder: Path, wishes: argparse.Namespace, cluster: Any, node: Any) -> dict[str, object]:
    """All projects at work, and the three kills."""
    projects = project_names(wishes.projects)
    settings = {"executor": "ray", "ray_address": cluster.address, "refetch_every": NEVER}
    with stage(folder / "stage", projects, **settings) as here:
        async with Processed.watched(here.broker.connection("viewer"), projects) as seen:
            await seen.until_ready(len(projects), READY_S)
            enough, sent = asyncio.Event(), Counter[ProjectId]()
            async with asyncio.TaskGroup() as tasks:
                for each in projects:
                    tasks.create_task(send(here, each, wishes.pace, enough, sent))
                for each in projects:
                    await seen.until_processed(each, 1, READY_S)
                print(f"{len(projects)} projects at work", flush=True)
                took_s = await kill_all(folder, cluster, node, Work(seen, sent), wishes.pace)
                enough.set()
            for each, count in sent.items():
                await seen.until_processed(each, count, DONE_S)
            await asyncio.sleep(2 * wishes.pace)  # what is done twice comes late
    numbers = seen.numbers.values()
    return {
        "projects": len(projects),
        "killed": len(took_s),
        "lost": sum(sent.values()) - sum(len(set(each)) for each in numbers),
        "twice": sum(len(each) - len(set(each)) for each in numbers),
        "serving_again_s": round(max(took_s.values()), 1),
        "out_of_order": sum(each != sorted(each) for each in numbers),
        "errors": len(seen.errors),
    }


def main() -> int:
    """Measure and print; 0 when everything was measured and nothing was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ray_cluster", description=__doc__)
    parser.add_argument("--projects", type=int, default=20)
    parser.add_argument("--pace", type=float, default=1.0, help="seconds between two photographs of a project")
    wishes = parser.parse_args()
    configure(level=LogLevel.ERROR)
    os.environ["PYTHONPATH"] = os.pathsep.join(str(Path(each).absolute()) for each in sys.path)  # the nodes inherit it
    try:
        import ray  # noqa: PLC0415 - an optional extra
        from ray.cluster_utils import Cluster  # noqa: PLC0415
    except ImportError:
        print("Ray is not installed: Ray is in the extra cairn[ray]", file=sys.stderr)
        return 1
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": HEALTH_CHECK})
    try:
        nodes = [cluster.add_node(num_cpus=wishes.projects + SPARE_WORKERS) for _ in range(2)]
        ray.init(address=cluster.address, log_to_driver=False)
        with tempfile.TemporaryDirectory(prefix="cairn-ray-") as name:
            figures = asyncio.run(measure(Path(name), wishes, cluster, nodes[1]))
    finally:
        ray.shutdown()  # type: ignore[no-untyped-call, unused-ignore]
        cluster.shutdown()  # type: ignore[no-untyped-call, unused-ignore]
    print(json.dumps(figures), flush=True)
    return 1 if figures["lost"] or figures["twice"] or figures["out_of_order"] else 0


if __name__ == "__main__":
    sys.exit(main())
