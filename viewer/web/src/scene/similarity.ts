/** How is one world transformed into another? Similarity transforms: scale, rotation and translation. Pure. */
import type { Similarity } from "../wire/contract";
import type { Vector } from "./framing";

type Quaternion = Similarity["rotation_wxyz"];

/** The transform that changes nothing. */
export const IDENTITY: Similarity = { scale: 1, rotation_wxyz: [1, 0, 0, 0], translation: [0, 0, 0] };

/** Transform a point: `point_in_target = scale * rotate(point_in_source) + translation`. */
export function moved({ rotation_wxyz: rotation, scale, translation }: Similarity, point: Vector): Vector {
  const turned = rotated(rotation, point);
  return [0, 1, 2].map((axis) => scale * (turned[axis] ?? 0) + (translation[axis] ?? 0)) as unknown as Vector;
}

/** Compose two transforms: `c_from_a = chained(c_from_b, b_from_a)`. */
export function chained(second: Similarity, first: Similarity): Similarity {
  return {
    scale: second.scale * first.scale,
    rotation_wxyz: product(second.rotation_wxyz, first.rotation_wxyz),
    translation: moved(second, first.translation),
  };
}

export function inverse({ rotation_wxyz: rotation, scale, translation }: Similarity): Similarity {
  const [w, x, y, z] = rotation;
  const back: Similarity = { scale: 1 / scale, rotation_wxyz: [w, -x, -y, -z], translation: [0, 0, 0] };
  const [right, up, ahead] = moved(back, translation);
  return { ...back, translation: [-right, -up, -ahead] };
}

/** Convert a transform of world coordinates to shard coordinates, which start at an offset in each world. */
export function betweenOffsets(similarity: Similarity, sourceOffset: Vector, targetOffset: Vector): Similarity {
  const origin = moved(similarity, sourceOffset);
  const translation = origin.map((value, axis) => value - (targetOffset[axis] ?? 0)) as unknown as Vector;
  return { ...similarity, translation };
}

export function isIdentity(similarity: Similarity): boolean {
  const { rotation_wxyz: rotation, scale, translation } = similarity;
  return scale === 1 && Math.abs(rotation[0]) === 1 && translation.every((value) => value === 0);
}

function product([a, b, c, d]: Quaternion, [e, f, g, h]: Quaternion): Quaternion {
  return [
    a * e - b * f - c * g - d * h,
    a * f + b * e + c * h - d * g,
    a * g - b * h + c * e + d * f,
    a * h + b * g - c * f + d * e,
  ];
}

/** Rotate by a quaternion (w, u): `v + 2w(u × v) + 2u × (u × v)`. The quaternion is normalised first. */
function rotated(rotation: Quaternion, point: Vector): Vector {
  const length = Math.hypot(...rotation) || 1;
  const [w, ...axis] = rotation.map((value) => value / length) as unknown as Quaternion;
  const once = cross(axis, point);
  const twice = cross(axis, once);
  return point.map((value, at) => value + 2 * (w * (once[at] ?? 0) + (twice[at] ?? 0))) as unknown as Vector;
}

function cross([a, b, c]: Vector, [d, e, f]: Vector): Vector {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}
