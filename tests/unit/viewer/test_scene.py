"""The scene reducer against the golden cases that the page's reducer must pass too, and against random histories."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.ids import Encoding
from broker.messages import Manifest
from viewer.scene import (
    PATIENCE_S,
    Scene,
    WantedShard,
    set_point_budget,
    take_manifest,
    take_shard,
    tick,
    visible,
    wanted,
)

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/scene.json").read_text(encoding="utf-8"))


def apply(scene: Scene, step: dict[str, Any]) -> Scene:
    now_s = step["at_s"]
    if "manifest" in step:
        return take_manifest(scene, Manifest.model_validate(step["manifest"]), now_s)
    if "shard" in step:
        return take_shard(scene, step["shard"]["generation"], step["shard"]["index"], now_s)
    if "point_budget" in step:
        return set_point_budget(scene, step["point_budget"], now_s)
    return tick(scene, now_s)


def pairs(shards: tuple[WantedShard, ...]) -> list[list[int]]:
    return [[each.generation, each.index] for each in shards]


def describe(scene: Scene) -> dict[str, Any]:
    return {
        "shown_generation": scene.shown and scene.shown.manifest.generation,
        "coming_generation": scene.coming and scene.coming.manifest.generation,
        "visible": pairs(visible(scene)),
        "wanted": pairs(wanted(scene)),
    }


def test_golden_cases_and_the_reducer_have_the_same_patience() -> None:
    assert GOLDEN["patience_s"] == PATIENCE_S


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_scene_follows_the_golden_case(case: dict[str, Any]) -> None:
    scene = Scene(encoding=Encoding(case["encoding"]), point_budget=case["point_budget"])
    for number, step in enumerate(case["steps"]):
        scene = apply(scene, step)
        assert describe(scene) == step["expect"], f"step {number}"


def test_wanted_shard_carries_the_length_and_digest_of_its_encoding() -> None:
    manifest = GOLDEN["cases"][0]["steps"][2]["manifest"]
    for encoding in Encoding:
        scene = take_manifest(Scene(encoding=encoding), Manifest.model_validate(manifest), 0)
        listed = {each["encoding"]: each for each in manifest["shards"][0]["encodings"]}[encoding]
        first = wanted(scene)[0]
        assert (first.encoding, first.bytes, first.sha256) == (encoding, listed["size_bytes"], listed["sha256"])


def test_a_shard_without_any_encoding_is_left_out() -> None:
    manifest = json.loads(json.dumps(GOLDEN["cases"][0]["steps"][2]["manifest"]))
    manifest["shards"][1]["encodings"] = []
    scene = take_manifest(Scene(), Manifest.model_validate(manifest), 0)
    assert pairs(wanted(scene)) == [[1, 0], [1, 2]]


STEPS = [step for case in GOLDEN["cases"] for step in case["steps"]]


@given(st.lists(st.sampled_from(STEPS), max_size=60))
def test_no_history_mixes_generations_or_blanks_the_scene(steps: list[dict[str, Any]]) -> None:
    """Only a manifest that names no shards, or other bytes for all that is loaded, may empty what was shown."""
    scene = Scene()
    for now_s, step in enumerate(steps):
        before = scene
        scene = apply(scene, step | {"at_s": float(now_s)})
        shown = visible(scene)
        assert len({each.generation for each in shown}) <= 1
        assert not set(shown) & set(wanted(scene))
        for shards in filter(None, (scene.shown, scene.coming)):
            assert shards.points == sum(shards.plan[index].points for index in shards.loaded)
        if visible(before) and not shown and scene.shown is not None:
            is_other_bytes = describe(scene)["shown_generation"] == describe(before)["shown_generation"]
            assert is_other_bytes or not scene.shown.manifest.shards
