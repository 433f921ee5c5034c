"""Which shards does the command line fetch? The page's own order is tested by vitest against the same manifests."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.ids import Encoding
from broker.manifest import Manifest, ShardEntry
from viewer.wanted import CompleteManifest, UnevenManifestError, wanted_shards

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/scene.json").read_text(encoding="utf-8"))
FIRST: dict[str, Any] = GOLDEN["cases"][0]["steps"][2]["manifest"]


def complete(manifest: dict[str, Any]) -> CompleteManifest:
    shards = tuple(ShardEntry.model_validate(each) for each in manifest["shards"])
    facts = {name: value for name, value in manifest.items() if name != "shards"}
    return CompleteManifest(manifest=Manifest.model_validate(facts), shards=shards)


@pytest.mark.parametrize("encoding", list(Encoding))
def test_wanted_shard_carries_the_length_and_digest_of_its_encoding(encoding: Encoding) -> None:
    listed = {each["encoding"]: each for each in FIRST["shards"][0]["encodings"]}[encoding]
    first = wanted_shards(complete(FIRST), encoding)[0]
    assert (first.encoding, first.size_bytes, first.sha256) == (encoding, listed["size_bytes"], listed["sha256"])


def test_coarse_levels_come_first_whatever_the_order_of_the_manifest() -> None:
    backwards = FIRST | {"shards": FIRST["shards"][::-1]}
    levels = {entry["index"]: entry["level"] for entry in FIRST["shards"]}
    order = [levels[each.index] for each in wanted_shards(complete(backwards), Encoding.PLY)]
    assert order == sorted(levels.values())


def test_a_shard_without_any_encoding_is_left_out() -> None:
    manifest = json.loads(json.dumps(FIRST))
    manifest["shards"][1]["encodings"] = []
    wanted = wanted_shards(complete(manifest), Encoding.PACKED)
    assert [(each.generation, each.index) for each in wanted] == [(1, 0), (1, 2)]


def test_a_shard_without_the_preferred_encoding_comes_in_the_one_it_has() -> None:
    manifest = json.loads(json.dumps(FIRST))
    manifest["shards"][0]["encodings"] = [each for each in FIRST["shards"][0]["encodings"] if each["encoding"] == "ply"]
    assert wanted_shards(complete(manifest), Encoding.PACKED)[0].encoding is Encoding.PLY


def test_the_shards_of_each_component_are_listed_alone_for_they_lie_in_frames_of_their_own() -> None:
    manifest = json.loads(json.dumps(FIRST))
    manifest["shards"][1]["component"] = 1
    assert [each.index for each in wanted_shards(complete(manifest), Encoding.PACKED)] == [0, 2]
    assert complete(manifest).point_count() == sum(manifest["shards"][place]["point_count"] for place in (0, 2))
    assert [each.index for each in wanted_shards(complete(manifest), Encoding.PACKED, 1)] == [1]
    assert complete(manifest).point_count(1) == manifest["shards"][1]["point_count"]
    assert complete(manifest).components == (0, 1)


def test_a_manifest_whose_pages_have_other_points_is_refused() -> None:
    with pytest.raises(UnevenManifestError, match="its shards have"):
        complete(FIRST | {"shards": FIRST["shards"][1:]})
