"""Does the Ray executor keep the promises of `Executor`? With an actor that lives in this process, without a cluster."""

import importlib.util
from pathlib import Path

import pytest
import structlog

from reconstructor.black_box import BlackBoxNotFoundError
from reconstructor.executors.child import BlackBoxInterruptedError
from reconstructor.executors.local import BlackBoxFailedError
from reconstructor.executors.ray import Cluster, Host, Hosting, RayExecutor, RayMissingError, check_installed, name_of
from reconstructor.executors.slots import Slots
from reconstructor.worker import Call

CALL = Call(input_img_path="a.jpg", old_point_cloud="", new_img_id="a")
CODE = """
from pathlib import Path
def good(input_img_path, old_point_cloud, new_img_id):
    Path("answer").mkdir(exist_ok=True)
    return "answer"
def bad(input_img_path, old_point_cloud, new_img_id):
    raise ValueError("no light")
"""


class ActorDiedError(Exception):
    """Stands for any error of Ray's own."""


class Remote:
    """A method of an actor, called as Ray calls it."""

    def __init__(self, actor: "Actor", name: str) -> None:
        self._actor, self._name = actor, name

    async def remote(self, *arguments: object) -> object:
        if self._actor.deaths:
            raise self._actor.deaths.pop()
        return await getattr(self._actor.host, self._name)(*arguments)


class Actor:
    """The hosted executor in this process, which fails once for each death in its list."""

    def __init__(self, hosting: Hosting) -> None:
        self.host, self.deaths = Host(hosting), list[Exception]()

    def __getattr__(self, name: str) -> Remote:
        return Remote(self, name)


class Errors:
    RayError = ActorUnavailableError = ActorDiedError


class Library:
    exceptions = Errors

    def kill(self, actor: Actor) -> None:
        actor.deaths.append(ActorDiedError())


def hosting_of(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Hosting:
    (folder / "ray_boxes.py").write_text(CODE)
    monkeypatch.syspath_prepend(folder)
    return Hosting(
        project="chapel",
        black_box=f"ray_boxes:{name}",
        folder=folder,
        memory_limit_bytes=1 << 30,
        load_timeout_s=60,
        rest_s=0,
        environment={},
    )


def executor_and_actor(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> tuple[RayExecutor, Actor]:
    monkeypatch.setattr("reconstructor.executors.ray._ray", Library)
    executor = RayExecutor(
        hosting, Cluster(address="", gpu_share=0), slots=Slots(1, 1 << 30), log=structlog.get_logger()
    )
    actor = Actor(hosting)
    monkeypatch.setattr(executor, "_actor", actor)
    return executor, actor


async def test_a_lost_actor_interrupts_its_call_and_serves_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor, actor = executor_and_actor(hosting_of(tmp_path, "good", monkeypatch), monkeypatch)
    try:
        await executor.start()
        actor.deaths.append(ActorDiedError("a long traceback\nof Ray"))
        with pytest.raises(BlackBoxInterruptedError, match="actor was lost") as caught:
            await executor.call(CALL, 30)
        assert "traceback" not in caught.value.sentence
        assert (tmp_path / await executor.call(CALL, 30)).is_dir()
    finally:
        await actor.host.close()
        await executor.close()


async def test_an_error_of_the_black_box_arrives_as_its_own_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor, actor = executor_and_actor(hosting_of(tmp_path, "bad", monkeypatch), monkeypatch)
    try:
        with pytest.raises(BlackBoxFailedError, match="no light"):
            await executor.call(CALL, 30)
    finally:
        await actor.host.close()


async def test_a_new_service_replaces_what_the_actor_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executor, actor = executor_and_actor(hosting_of(tmp_path, "good", monkeypatch), monkeypatch)
    try:
        await executor.start()
        outcome = await actor.host.start(hosting_of(tmp_path, "missing", monkeypatch))
        assert isinstance(outcome.error, BlackBoxNotFoundError)
    finally:
        await actor.host.close()


def test_two_stores_of_a_project_have_two_actors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").mkdir()
    assert name_of(hosting_of(tmp_path, "good", monkeypatch)) != name_of(
        hosting_of(tmp_path / "b", "good", monkeypatch)
    )


def test_without_ray_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RayMissingError, match="not installed"):
        check_installed()
    assert "cairn[ray]" in RayMissingError.remedy
