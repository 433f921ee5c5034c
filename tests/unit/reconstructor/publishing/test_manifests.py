"""What the next manifest says of a new reference set and of an increment."""

import numpy as np
import pytest

from broker.ids import Encoding, ProjectId
from broker.messages import ScaleSource, Similarity
from broker.shards import decode
from reconstructor.black_box import Update
from reconstructor.clouds.ply import WideCloud
from reconstructor.clouds.ply_errors import NotFinitePlyError
from reconstructor.metric_scale.scale import NOTHING_KNOWN, Scale, Scaling
from reconstructor.publishing.manifests import CloudOutOfBoundsError, begin, grow
from reconstructor.storage.reference_set import ReferenceSet

PROJECT = ProjectId("chapel")


def cloud(count: int = 1000, *, centre: tuple[float, float, float] = (0, 0, 0), size: float = 2.0) -> WideCloud:
    random = np.random.default_rng(count)
    points = random.uniform(-size / 2, size / 2, (count, 3)) + np.array(centre)
    return WideCloud(points_in_world=points, colors_rgb=random.integers(0, 256, (count, 3), np.uint8))


def first(
    points: WideCloud | None = None,
    update: Update | None = None,
    scaling: Scaling = NOTHING_KNOWN,
) -> ReferenceSet:
    begun = begin(
        points or cloud(),
        project=PROJECT,
        generation=1,
        previous=None,
        image_count=3,
        update=update,
        scaling=scaling,
    )
    return begun.reference


def test_a_first_reference_set_has_revision_zero_and_no_previous_generation() -> None:
    reference = first()
    manifest = reference.manifest
    assert (manifest.generation, manifest.revision, manifest.previous_generation) == (1, 0, None)
    assert (manifest.point_count, manifest.image_count) == (1000, 3)
    assert {entry.kind for entry in reference.shards} == {"reference"}
    assert manifest.frame.offset == (0, 0, 0)


def test_an_increment_goes_under_the_next_indexes_one_revision_on() -> None:
    reference = first(cloud(40_000))
    manifest = reference.manifest
    grown = grow(reference, [(0, cloud(500))], image_number=4, update=None)
    assert (grown.reference.manifest.generation, grown.reference.manifest.revision) == (1, 1)
    assert [entry.index for entry in grown.reference.shards] == list(range(manifest.shard_count + 1))
    assert grown.reference.shards[:-1] == reference.shards
    assert grown.reference.shards[-1].image_number == 4
    assert grown.reference.manifest.point_count == 40_500
    assert grown.reference.manifest.sent_at > manifest.sent_at


def test_the_next_generation_names_the_one_before_and_how_its_points_move() -> None:
    change = Similarity(scale=1.5, rotation_wxyz=(1, 0, 0, 0), translation=(1, 2, 3))
    begun = begin(
        cloud(),
        project=PROJECT,
        generation=2,
        previous=first(update=Update(up=(0, 1, 0))),
        image_count=10,
        update=Update(world_from_previous=change),
    )
    frame = begun.reference.manifest.frame
    assert begun.reference.manifest.previous_generation == 1
    assert frame.world_from_previous == Similarity(scale=1.5, translation=(1, 2, 3))
    assert frame.up == (0, 1, 0)


def test_metres_follow_the_world_and_stay_with_an_increment() -> None:
    gps = Scaling(measured=Scale(metres_per_unit=3.0, source=ScaleSource.GPS))
    reference = first(scaling=gps)
    manifest = reference.manifest
    assert (manifest.frame.metres_per_unit, manifest.frame.scale_source) == (3.0, ScaleSource.GPS)
    grown = grow(reference, [(0, cloud(500))], image_number=4, update=None)
    assert grown.reference.manifest.frame == manifest.frame
    change = Similarity(scale=1.5, rotation_wxyz=(1, 0, 0, 0), translation=(1, 2, 3))
    begun = begin(
        cloud(),
        project=PROJECT,
        generation=2,
        previous=grown.reference,
        image_count=10,
        update=Update(world_from_previous=change),
    )
    assert (begun.reference.manifest.frame.metres_per_unit, begun.reference.manifest.frame.scale_source) == (
        2.0,
        ScaleSource.GPS,
    )


def test_survey_coordinates_keep_their_detail_through_the_offset() -> None:
    points = cloud(centre=(500_000, 5_400_000, 300))
    begun = begin(points, project=PROJECT, generation=1, previous=None, image_count=1, update=None)
    (shard,) = begun.shards
    shown = decode(shard.payloads[Encoding.PLY], Encoding.PLY).points_in_world + np.array(
        begun.reference.manifest.frame.offset
    )
    order, wanted = np.lexsort(shown.T), np.lexsort(points.points_in_world.T)
    np.testing.assert_allclose(shown[order], points.points_in_world[wanted], atol=1e-6)


def test_an_increment_keeps_the_reference_sets_offset() -> None:
    reference = first(cloud(centre=(500_000, 5_400_000, 300)))
    manifest = reference.manifest
    grown = grow(reference, [(0, cloud(10, centre=(500_001, 5_400_000, 300)))], image_number=2, update=None)
    assert grown.reference.manifest.frame.offset == manifest.frame.offset
    assert abs(np.array(grown.reference.shards[-1].bounds.minimum)).max() < 5


def test_an_increment_far_from_everything_is_refused() -> None:
    with pytest.raises(CloudOutOfBoundsError, match="old_point_cloud"):
        grow(first(), [(0, cloud(centre=(1e6, 0, 0)))], image_number=2, update=None)


def test_a_few_far_points_do_not_make_an_increment_far() -> None:
    increment = cloud()
    increment.points_in_world[0] = (1e6, 0, 0)
    assert grow(first(), [(0, increment)], image_number=2, update=None).shards


def test_coordinates_beyond_single_precision_are_refused() -> None:
    points = cloud()
    points.points_in_world[::2] = 1e300
    with pytest.raises(NotFinitePlyError, match="single precision"):
        first(points)


def test_a_complete_set_has_every_component_in_its_own_frame_beside_the_leading_one() -> None:
    begun = begin(
        cloud(40_000),
        project=PROJECT,
        generation=2,
        previous=first(),
        image_count=3,
        update=None,
        further={1: cloud(700), 3: cloud(500)},
    )
    manifest = begun.reference.manifest
    assert [each.id for each in manifest.components] == [0, 1, 3]
    assert manifest.bounds == first(cloud(40_000)).manifest.bounds
    assert {entry.component for entry in begun.reference.shards} == {0, 1, 3}
    assert [entry.index for entry in begun.reference.shards] == list(range(manifest.shard_count))
    assert all(entry.kind == "reference" for entry in begun.reference.shards)
    shown = [each.world_from_component.translation for each in manifest.components]
    assert len({round(max(place), 3) for place in shown}) == 3  # side by side


def test_an_increment_may_bring_points_of_several_components_in_one_revision() -> None:
    before = first()
    grown = grow(
        before, [(0, cloud(500, size=1.0)), (1, cloud(300)), (1, cloud(200))], image_number=4, update=None
    ).reference
    assert grown.manifest.revision == before.manifest.revision + 1
    assert [entry.component for entry in grown.shards] == [0, 0, 1, 1]
    assert [entry.index for entry in grown.shards] == [0, 1, 2, 3]
    assert grown.manifest.bounds == before.manifest.bounds
    assert [each.id for each in grown.manifest.components] == [0, 1]


def test_when_another_component_leads_the_old_world_moves_to_where_it_is_shown_and_loses_its_metres() -> None:
    metres = Scaling(measured=Scale(metres_per_unit=0.5, source=ScaleSource.GPS))
    before = first(scaling=metres)
    assert before.manifest.frame.metres_per_unit == 0.5
    begun = begin(
        cloud(600),
        project=PROJECT,
        generation=2,
        previous=before,
        image_count=9,
        update=Update(leads=2),
        further={2: cloud(1000)},
    )
    frame, (_, led) = begun.reference.manifest.frame, begun.reference.manifest.components
    assert led.id == 2
    assert frame.world_from_previous == led.world_from_component != Similarity()
    assert frame.metres_per_unit is None
