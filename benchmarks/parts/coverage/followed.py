"""Is the cloud better if the photographer does as the advice says? Beside an even orbit and beside chance."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts.coverage.clouds import Stage, cloud_of, viewpoints
from benchmarks.parts.dense.truth import nearest_distances, tensor_of
from edge_agent.cameras.simulated.path import Pose
from reconstructor.coverage.advice import SHOTS_A_PLACE, advise, is_walk_unfinished, shots_of
from reconstructor.coverage.places import reachable_places, step_lengths
from reconstructor.coverage.score import Coverage, coverage_of
from reconstructor.coverage.viewpoints import Viewpoint

Floats = NDArray[np.float64]

FIRST_VISIT: Final = {"statue": 16, "facade": 16, "vault": 12, "inscription": 12}  # photographs of the path, in order
_ROUNDS: Final = 3
_REACHING: Final = 100  # poses that tell what can be reached
_RIGHT: Final = 2.0
_LEAST_VIEWS: Final = 3
_SAMPLES: Final = 60_000
_GROUND_LEAN: Final = float(np.cos(np.radians(32.0)))


class Follower:
    """One object, photographed from the front first; F of the object by what can be reached from around the path."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._start = stage, stage.poses[: FIRST_VISIT[stage.name]]
        self._truth, self._sampling = self._reachable_surface()
        posed = stage.posed(self._start)
        cloud = cloud_of(posed)
        self._coverage = coverage_of(cloud, viewpoints(posed))
        self.f_before = self._f(cloud)

    def gain_advised(self) -> float:
        """What F gains in three rounds of three photographs, each as the newest advice says."""
        shots: list[Pose] = []
        walk = self._stage.poses[len(self._start) :]
        coverage, f_after = self._coverage, self.f_before
        for number in range(1, _ROUNDS + 1):
            shots += self._next_shots(coverage, walk)
            posed = self._stage.posed([*self._start, *shots])
            cloud = cloud_of(posed)
            f_after = self._f(cloud)
            print(f"{self._stage.name}: after round {number}: F {f_after:.3f}", flush=True)
            if number < _ROUNDS:
                coverage = coverage_of(cloud, viewpoints(posed))
        return f_after - self.f_before

    def _next_shots(self, coverage: Coverage, walk: list[Pose]) -> list[Pose]:
        """The next of `walk`, taken from it, where the advice is to walk on; else those of the first place within reach."""
        if walk and is_walk_unfinished(coverage):
            print(f"{self._stage.name}: walk on", flush=True)
            taken, walk[:] = walk[:SHOTS_A_PLACE], walk[SHOTS_A_PLACE:]
            return taken
        steps = step_lengths(coverage)
        for each in advise(coverage):
            place = each.place
            views = shots_of(place, steps)
            if self._can_be_reached(coverage.seen[place.row].view, views):
                offset = f"{place.right:+.1f} right {place.up:+.1f} up {place.ahead:+.1f} ahead, turned {place.turn_deg:.0f} degrees"
                print(f"{self._stage.name}: {each.code}: {offset} of photograph {each.image_number}", flush=True)
                return [_pose(view) for view in views]
        return []

    def _can_be_reached(self, start: Viewpoint, views: list[Viewpoint]) -> bool:
        """Whether no part of the object stands between a photograph and these places."""
        ways = np.array([view.center - start.center for view in views])
        rays = np.concatenate([np.broadcast_to(start.center, ways.shape), ways], axis=1)
        hit = self._stage.surface.cast_rays(tensor_of(rays.astype(np.float32)), nthreads=1)
        return bool((hit["t_hit"].numpy() > 1.0).all())

    def gain_orbit(self) -> float:
        """What F gains by as many photographs spread evenly over the whole path."""
        path = self._stage.simulated.definition.poses(_ROUNDS * SHOTS_A_PLACE)
        return self._gain(path)

    def gain_random(self, seed: int) -> float:
        """What F gains by as many photographs from places that can be reached, each aimed as its neighbour."""
        places = reachable_places(self._coverage, np.zeros((0, 3)), self._coverage.up)
        chosen = np.random.default_rng(seed).choice(len(places), _ROUNDS * SHOTS_A_PLACE, replace=False)
        return self._gain([_pose(places[row].view) for row in chosen])

    @property
    def coverage(self) -> Coverage:
        return self._coverage

    def _gain(self, shots: list[Pose]) -> float:
        return self._f(cloud_of(self._stage.posed([*self._start, *shots]))) - self.f_before if shots else 0.0

    def _f(self, cloud: Floats) -> float:
        """F at two sampling distances of the object alone."""
        usual = float(np.median(self._sampling))
        right = self._surface_distances(cloud) < _RIGHT * usual
        whole = nearest_distances(cloud, self._truth) < _RIGHT * self._sampling
        accuracy, completeness = float(right.mean()), float(whole.mean())
        return 2.0 * accuracy * completeness / max(accuracy + completeness, 1e-9)

    def _surface_distances(self, cloud: Floats) -> Floats:
        tensor = tensor_of(cloud.astype(np.float32))
        return np.asarray(self._stage.surface.compute_distance(tensor).numpy(), np.float64)

    def _reachable_surface(self) -> tuple[Floats, Floats]:
        """Samples of the surface, ground left out, that three of 100 poses around the path see, and the finest pixel."""
        points = _samples(self._stage)
        count, finest = np.zeros(len(points), np.int64), np.full(len(points), np.inf)
        for pose in _around_path(self._stage):
            view = self._viewpoint(pose)
            ahead, _, is_inside = view.project(points)
            rays = points - view.center
            rows = np.flatnonzero(is_inside)
            lengths = np.linalg.norm(rays[rows], axis=1)
            directions = rays[rows] / lengths[:, None]
            origins = np.broadcast_to(view.center, directions.shape)
            hit = self._stage.surface.cast_rays(
                tensor_of(np.concatenate([origins, directions], axis=1).astype(np.float32)), nthreads=1
            )
            rows = rows[hit["t_hit"].numpy() > lengths * 0.995]
            count[rows] += 1
            finest[rows] = np.minimum(finest[rows], ahead[rows] / view.intrinsics[0])
        reached = count >= _LEAST_VIEWS
        return points[reached], finest[reached]

    def _viewpoint(self, pose: Pose) -> Viewpoint:
        known = self._stage.simulated.intrinsics
        return Viewpoint(
            number=0,
            camera_from_world=np.asarray(np.linalg.inv(pose), np.float64),
            intrinsics=np.array([known.fx_px, known.fy_px, known.cx_px, known.cy_px]),
            width=known.width_px,
            height=known.height_px,
        )


def _around_path(stage: Stage) -> list[Pose]:
    """A hundred poses on the path, above, below and before it."""
    poses = stage.simulated.definition.poses(_REACHING // 4)
    step = 0.15 * float(np.median(np.linalg.norm([pose[:3, 3] for pose in poses], axis=1)))
    moved = [(0.0, 0.0), (0.8 * step, 0.0), (-0.8 * step, 0.0), (0.0, 1.6 * step)]
    result = []
    for upwards, forward in moved:
        for pose in poses:
            other = pose.copy()
            other[:3, 3] += upwards * np.array([0.0, 0.0, 1.0]) + forward * pose[:3, 2]
            result.append(other)
    return result


def _samples(stage: Stage) -> Floats:
    """Points (N, 3) spread by area over the mesh, without the ground."""
    mesh = stage.simulated.mesh
    corners = mesh.vertices[mesh.triangles].astype(np.float64)
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(cross, axis=1)
    normals = cross / np.maximum(areas[:, None], 1e-12)
    heights = corners.mean(axis=1)[:, 2]
    low = np.percentile(heights, 10.0) + 0.05 * float(np.ptp(heights))
    areas[(np.abs(normals[:, 2]) > _GROUND_LEAN) & (heights < low)] = 0.0
    random = np.random.default_rng(0)
    chosen = random.choice(len(areas), _SAMPLES, p=areas / areas.sum())
    u, v = np.sqrt(random.random(_SAMPLES)), random.random(_SAMPLES)
    weights = np.stack([1 - u, u * (1 - v), u * v], axis=1)
    return np.asarray((corners[chosen] * weights[:, :, None]).sum(axis=1))


def _pose(view: Viewpoint) -> Pose:
    return np.asarray(np.linalg.inv(view.camera_from_world))
