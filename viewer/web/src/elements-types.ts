/** What do the elements promise to other pages? The types of `@cairn/viewer`; the build writes its `index.d.ts` from this file. */
export type Vector3 = readonly [number, number, number];

/** From where the object is seen, in the coordinates of the points. */
export interface Camera {
  readonly position: Vector3;
  readonly target: Vector3;
}

/** Something is on the canvas. */
export interface LoadDetail {
  readonly pointCount: number;
  /** The project; null for PLY files. */
  readonly project: string | null;
}

export interface ErrorDetail {
  /** A word for programs, such as `bad_ply`, `unreachable`, `no_webgl`, `context_lost` or `login_refused`. */
  readonly code: string;
  /** A sentence for people. */
  readonly message: string;
}

/** What was tapped or clicked. */
export interface PickDetail {
  /** The point, in the coordinates of the points; null where a camera was tapped. */
  readonly point: Vector3 | null;
  /** The image of the camera that was tapped; null for a point. */
  readonly imageId: string | null;
}

/** The events of both elements; none of them bubbles. */
export interface CairnEvents {
  load: CustomEvent<LoadDetail>;
  error: CustomEvent<ErrorDetail>;
  pick: CustomEvent<PickDetail>;
}

/** One PLY file: its bytes. */
export type PlyFile = ArrayBuffer | Uint8Array;

/** `<cairn-cloud>`: shows PLY files. */
export interface CairnCloud {
  /** Addresses of PLY files, separated by spaces; the attribute `src`. */
  src: string;
  /** PLY files that the page has already. A new list replaces the old one within one frame. */
  pointClouds: readonly PlyFile[];
  /** Which way is up, in the coordinates of the points; the attribute `up` is written `0 0 1`. */
  up: Vector3;
  /** From where the object is seen; null before there is one. Set it to move the camera there. */
  camera: Camera | null;
  /** The canvas as PNG. */
  capture(): Promise<Blob | null>;
}

/** The account of a page that logs in by itself. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly project: string;
}

/** `<cairn-viewer>`: follows a project of a page server live. */
export interface CairnViewer {
  /** The address of the page server; the attribute `server`. Empty: the server of this page. */
  server: string;
  /** The account; null: the element shows a form. */
  credentials: Credentials | null;
  /** From where the object is seen; null before there is one. Set it to move the camera there. */
  camera: Camera | null;
  /** The canvas as PNG. */
  capture(): Promise<Blob | null>;
}
