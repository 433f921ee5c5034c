"""Is a photograph a picture of another one: a screenshot with bars, a collage, a part that was cut out, a print on a wall?

A copy shows every point of the other photograph displaced by one similarity, near and far ones alike, and the middle of
one is not the middle of the other. No camera takes such a photograph, so it has no place. On fountain-P11 the matches of
copies lay within 0.2 pixels of the similarity (median), those of neighbours 6 pixels and more from the best one (2026-11-28).

A print that is photographed, or a copy in the middle of a black frame, shows near and far points displaced by one
homography that no turn of the camera explains: it stretched by 1.65 and 2.0, turns by 1.003, and neighbours fit none
(1.7 pixels and more). A flat wall fits one, too, however it is seen; so other pairs must show relief in the very points that
match. Of walls at least 0.9 of these points fit one homography in the other pairs as well; of the photographs of
fountain-P11, Herz-Jesu-P8 and entry-P10 0.45 to 0.65 (medians), and nine in ten at most 0.86 (2026-11-29).
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.colmap import keypoints_in_image, pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.features.sift import Features

_LEAST_MATCHES: Final = 50
_MOST_OFF_PX: Final = 1.5
_LEAST_SHARE: Final = 0.9  # of the matches; a camera that is turned by half a degree reaches 0.76
_MOST_MEDIAN_PX: Final = 0.5  # 0.75 when it is turned by 0.3 degrees
_LEAST_SHIFT: Final = 0.015  # of the middle, over the width: a zoom and a photograph that is sent twice have none
# Share of each photograph's features that lie outside the frame of the other. If both have more, the camera slid along a
# flat wall; of a copy and its original, one lies wholly within the frame of the other.
_LEAST_OUTSIDE: Final = 0.05
_LEAST_STRETCH: Final = 1.25  # of a homography between rays, where the focal lengths are known
_LEAST_STRETCH_GUESSED: Final = 1.5  # a turn by 40 degrees with a focal length that is 30 % off reaches 1.4
_LEAST_JUDGED: Final = 30  # points that a third image sees, too
_FLAT: Final = 0.8  # share of them that one homography maps to their places in the third image
_MOST_FLAT: Final = 0.25  # share of the other pairs in which they are flat
# Of the matches of the pair that has most: a copy matches its original best. Equal sides of a building, seen from equal
# places, fit one similarity, too, but match better from places between them.
_LEAST_OF_MOST: Final = 0.8
# Of the matches with the image before in order: the share that this one has with the original, too, at the place that
# corresponds. With copies of two photographs of fountain-P11 it was 0.43 to 0.89, with an equal side of a building 0.21.
_LEAST_ALIKE: Final = 0.3
_SAME_PLACE: Final = 0.01  # of the width
_STEPS: Final = 6
_RANSAC: Final = pycolmap.RANSACOptions(max_error=_MOST_OFF_PX, random_seed=0)
_Keypoints = NDArray[np.float32]  # (N, 4), positions in pixels in the first two columns
_CALIBRATED: Final = frozenset({"PINHOLE", "OPENCV"})  # the models of `camera_of_sensor`; not of learned cameras
_COPY: Final = int(pycolmap.TwoViewGeometryConfiguration.WATERMARK)


def without_copies(
    number: int, pairs: Sequence[Pair], features: Features, camera_of: Callable[[int], Any], known: KnownImages
) -> tuple[Pair, ...]:
    """The pairs of a new image; of a copy only a mark, a pair without matches.

    Args:
        number: of the new image.
        pairs: its verified pairs with known images.
        features: of the new image.
        camera_of: the `pycolmap.Camera` of an image by its number.
        known: the earlier images; pairs with copies among them are left out.
    """
    kept = tuple(pair for pair in pairs if not is_copy(known.pairs[pair.earlier], pair.earlier))
    most = max((len(pair.matches) for pair in kept), default=0)
    for pair in (each for each in kept if len(each.matches) >= _LEAST_OF_MOST * most):
        keypoints = known.features[pair.earlier].keypoints, features.keypoints
        cameras = camera_of(pair.earlier), camera_of(number)
        is_similar = _is_similar_copy(pair, keypoints, cameras)
        looks_copied = is_similar or _is_print(pair, keypoints, cameras)
        if looks_copied and not _is_contradicted(pair, kept, keypoints, known):
            flat_shares = np.array(_flat_shares(pair, known))
            if len(flat_shares) == 0 and not is_similar:
                continue  # it may be a print or a flat object, and no other pair tells which
            if (flat_shares > _FLAT).sum() <= _MOST_FLAT * len(flat_shares):
                return (_mark(pair.earlier, number),)
    return kept


def is_copy(pairs: Sequence[Pair], number: int) -> bool:
    """Whether the image with these pairs is a copy of an earlier one: one of them is a mark."""
    return any(pair.newer == number and pair.configuration == _COPY and not len(pair.matches) for pair in pairs)


def _mark(earlier: int, newer: int) -> Pair:
    matrices = np.full((3, 3, 3), np.nan)
    return Pair(
        earlier=earlier, newer=newer, matches=np.empty((0, 2), np.uint32), configuration=_COPY, matrices=matrices
    )


def _is_contradicted(
    pair: Pair, pairs: Sequence[Pair], keypoints: tuple[_Keypoints, _Keypoints], known: KnownImages
) -> bool:
    """Whether the image before in order matches other things in the new image than in the one that it may be a copy of.

    What an image sees of a copy, it sees of the original, too, at the place that corresponds; but for the other half of a
    collage, whose pair has no parallax.
    """
    homography, before = pair.matrices[2], pair.newer - 1
    new = next((each for each in pairs if each.earlier == before and each.has_parallax), None)
    old = next((each for each in known.pairs[pair.earlier] if before in (each.earlier, each.newer)), None)
    if old is None or new is None or len(new.matches) < _LEAST_JUDGED or not np.isfinite(homography).all():
        return False
    side = 0 if old.earlier == before else 1
    places = np.full(len(known.features[before]), np.inf, np.complex128)
    places[old.matches[:, side]] = _complex(keypoints[0])[old.matches[:, 1 - side]]
    x, y, depth = np.linalg.pinv(homography) @ np.insert(keypoints[1][new.matches[:, 1], :2], 2, 1.0, axis=1).T
    with np.errstate(divide="ignore", invalid="ignore"):
        off_px = np.abs(places[new.matches[:, 0]] - (x + 1j * y) / depth)
    is_alike = off_px < _SAME_PLACE * known.facts[pair.earlier].reduced_width_px
    return bool(is_alike.mean() < _LEAST_ALIKE)


def _flat_shares(pair: Pair, known: KnownImages) -> list[float]:
    """How flat the matching points are: the share that one homography maps, in each other pair of the earlier image.

    Pairs without parallax do not tell, and neither do those with too few of the points.
    """
    earlier, shares = pair.earlier, []
    for other in known.pairs[earlier]:
        side, third = (0, other.newer) if other.earlier == earlier else (1, other.earlier)
        rows = other.matches[np.isin(other.matches[:, side], pair.matches[:, 0])]
        if other.has_parallax and len(rows) >= _LEAST_JUDGED:
            here = keypoints_in_image(known.features[earlier].keypoints)[rows[:, side]]
            there = keypoints_in_image(known.features[third].keypoints)[rows[:, 1 - side]]
            found = pycolmap.estimate_homography_matrix(here, there, _RANSAC)
            shares.append(float(found["inlier_mask"].mean()) if found else 0.0)
    return shares


def _is_similar_copy(pair: Pair, keypoints: tuple[_Keypoints, _Keypoints], cameras: tuple[Any, Any]) -> bool:
    """Whether one similarity maps the keypoints of one image to the matching ones, but not its middle."""
    if pair.has_parallax or len(pair.matches) < _LEAST_MATCHES:
        return False
    first, second = (_complex(each[pair.matches[:, side]]) for side, each in enumerate(keypoints))
    factor, shift, off_px = _similarity(first, second)
    middles = [complex(camera.width / 2, camera.height / 2) for camera in cameras]
    is_displaced = abs(middles[0] * factor + shift - middles[1]) > _LEAST_SHIFT * cameras[1].width
    outside = (
        _share_outside(_complex(keypoints[0]) * factor + shift, cameras[1]),
        _share_outside((_complex(keypoints[1]) - shift) / factor, cameras[0]),
    )
    return is_displaced and min(outside) < _LEAST_OUTSIDE and _is_exact(off_px, abs(factor))


def _is_print(pair: Pair, keypoints: tuple[_Keypoints, _Keypoints], cameras: tuple[Any, Any]) -> bool:
    """Whether one homography maps the keypoints of one image to the matching ones, and no turned camera shows it."""
    homography, is_known = pair.matrices[2], _are_known(cameras)
    if not is_known and cameras[0].camera_id != cameras[1].camera_id:
        return False  # EXIF tells two focal lengths apart, but not how long they are: it may be a zoom
    if pair.has_parallax or len(pair.matches) < _LEAST_MATCHES or not np.isfinite(homography).all():
        return False
    first, second = (each[pair.matches[:, side], :2].astype(np.float64) for side, each in enumerate(keypoints))
    mapped = np.concatenate([first, np.ones((len(first), 1))], axis=1) @ homography.T
    off_px = np.linalg.norm(mapped[:, :2] / mapped[:, 2:] - second, axis=1)
    between_rays = np.linalg.inv(cameras[1].calibration_matrix()) @ homography @ cameras[0].calibration_matrix()
    largest, _, least = np.linalg.svd(between_rays, compute_uv=False)
    is_stretched = largest >= (_LEAST_STRETCH if is_known else _LEAST_STRETCH_GUESSED) * least
    enlarged = np.sqrt(np.median(np.abs(np.linalg.det(homography) / mapped[:, 2] ** 3)))
    return bool(is_stretched) and _is_exact(off_px, float(enlarged))


def _are_known(cameras: tuple[Any, Any]) -> bool:
    """Whether both focal lengths are given, by the same means: EXIF may be that of a whole photograph and this a part."""
    is_calibrated = [camera.model.name in _CALIBRATED for camera in cameras]
    return all(camera.has_prior_focal_length for camera in cameras) and is_calibrated[0] == is_calibrated[1]


def _is_exact(off_px: NDArray[np.float64], enlarged: float) -> bool:
    """Whether nearly all matches lie where a copy has them; where the newer image is enlarged, so are the errors."""
    off_px = off_px / max(1.0, enlarged)
    return bool((off_px < _MOST_OFF_PX).mean() >= _LEAST_SHARE and np.median(off_px) <= _MOST_MEDIAN_PX)


def _share_outside(places: NDArray[np.complex128], camera: Any) -> float:
    """The share of places (N,) that lie outside a camera's frame."""
    is_inside = (places.real > 0) & (places.real < camera.width) & (places.imag > 0) & (places.imag < camera.height)
    return float(1 - is_inside.mean())


def _complex(keypoints: NDArray[np.float32]) -> NDArray[np.complex128]:
    """Positions (N,) of keypoints (N, 4) as complex numbers, x + iy."""
    return keypoints[:, 0].astype(np.float64) + 1j * keypoints[:, 1].astype(np.float64)


def _similarity(
    first: NDArray[np.complex128], second: NDArray[np.complex128]
) -> tuple[complex, complex, NDArray[np.float64]]:
    """The factor and shift of `second = factor * first + shift` by trimmed least squares, and the residuals (N,)."""
    off_px, factor, shift = np.zeros(len(first)), 1.0 + 0j, 0j
    for _ in range(_STEPS):
        kept = off_px <= max(1.0, 2.0 * float(np.median(off_px)))
        columns = np.stack([first[kept], np.ones(kept.sum())], axis=1)
        factor, shift = np.linalg.lstsq(columns, second[kept], rcond=None)[0]
        off_px = np.abs(first * factor + shift - second)
    return complex(factor), complex(shift), off_px
