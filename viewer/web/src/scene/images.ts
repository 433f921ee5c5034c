/** In which state is each image? A reducer over the messages about images. Pure. */
import type { CameraEntry, Message } from "../wire/contract";

export type ImageState = "queued" | "processing" | "placed" | "waiting" | "rejected" | "failed";

export interface ImageTrack {
  readonly number: number;
  readonly imageId: string;
  /** What the photographer's file is called; null until a camera page tells. */
  readonly fileName: string | null;
  /** Whether the photograph itself is there, and not only its preview. */
  readonly hasOriginal: boolean;
  readonly state: ImageState;
  /** Why it is not placed: a code, and its sentence in English. */
  readonly code: string | null;
  readonly reason: string | null;
}

type Why = Pick<ImageTrack, "code" | "reason">;

/** The running complete reconstruction. */
export interface Refetch {
  readonly nextGeneration: number;
  readonly imageNumber: number;
  readonly stage: string | null;
  readonly doneRatio: number;
}

export interface ImagesState {
  readonly tracks: ReadonlyMap<number, ImageTrack>;
  readonly cameras: readonly CameraEntry[];
  readonly processing: number | null;
  readonly refetch: Refetch | null;
  readonly refetchEvery: number;
  readonly imageCount: number;
}

export const NO_IMAGES: ImagesState = {
  tracks: new Map(),
  cameras: [],
  processing: null,
  refetch: null,
  refetchEvery: 10,
  imageCount: 0,
};

/** Whether work on the image is over and its camera has no place. */
export function isUnplaced({ state }: ImageTrack): boolean {
  return state === "waiting" || state === "rejected" || state === "failed";
}

/** Reduce one message. A message without image data returns the same state. */
export function imagesAfter(images: ImagesState, message: Message): ImagesState {
  switch (message.type) {
    case "processing_started":
      return {
        ...withTrack(images, message.image_number, message.image_id, "processing"),
        processing: message.image_number,
      };
    case "refetch_starting":
      return {
        ...images,
        refetch: {
          nextGeneration: message.next_generation,
          imageNumber: message.image_number,
          stage: null,
          doneRatio: 0,
        },
      };
    case "progress":
      return images.refetch && message.image_id !== null
        ? { ...images, refetch: { ...images.refetch, stage: message.stage, doneRatio: message.done_ratio } }
        : images;
    case "processing_complete": {
      const state = message.state === "unknown" ? "placed" : message.state;
      const next = withTrack(images, message.image_number, message.image_id, state);
      return {
        ...next,
        processing: images.processing === message.image_number ? null : images.processing,
        refetch: message.is_refetch ? null : images.refetch,
      };
    }
    case "error":
      return afterError(images, message.image_id, message);
    case "reconstructor_state":
      return {
        ...images,
        refetchEvery: message.refetch_every,
        imageCount: Math.max(images.imageCount, message.image_count),
        ...(message.presence === "offline" ? { processing: null, refetch: null } : {}),
      };
    default:
      return images;
  }
}

/** One image with its number, state and placing. */
export interface Image {
  readonly imageId: string;
  readonly number: number | null;
  readonly fileName: string | null;
  readonly hasOriginal: boolean;
  readonly state: ImageState;
  /** Why it is not placed: a code, and its sentence in English. */
  readonly code: string | null;
  readonly reason: string | null;
  readonly isPlaced: boolean;
}

/** Find an image by its id; null when it is unknown. */
export function imageOf(images: ImagesState, imageId: string): Image | null {
  const camera = images.cameras.find((each) => each.image_id === imageId);
  const track = [...images.tracks.values()].find((each) => each.imageId === imageId);
  if (!camera && !track) return null;
  return {
    imageId,
    number: track?.number ?? camera?.image_number ?? null,
    fileName: track?.fileName ?? camera?.file_name ?? null,
    hasOriginal: track?.hasOriginal ?? camera?.has_original ?? true,
    state: track?.state ?? camera?.state ?? "queued",
    code: track?.code ?? camera?.code ?? null,
    reason: track?.reason ?? camera?.reason ?? null,
    isPlaced: Boolean(camera?.world_from_camera),
  };
}

/** Find the id of the previous or next image by number; null at the ends. */
export function neighbourOf(images: ImagesState, imageId: string, step: 1 | -1): string | null {
  const tracks = tracksInOrder(images);
  const at = tracks.findIndex((track) => track.imageId === imageId);
  return at < 0 ? null : (tracks[at + step]?.imageId ?? null);
}

/** Find the placed image that was taken nearest in time, by number: an image that waits has no place of its own. */
export function nearestPlaced({ cameras }: ImagesState, number: number | null): CameraEntry | null {
  const apart = ({ image_number: each }: CameraEntry): number => Math.abs((each ?? Infinity) - (number ?? 0));
  const placed = cameras.filter((camera) => camera.world_from_camera !== null && camera.image_number !== null);
  return placed.reduce<CameraEntry | null>((best, each) => (best && apart(best) <= apart(each) ? best : each), null);
}

/** List all images by number. */
export function tracksInOrder({ tracks }: ImagesState): readonly ImageTrack[] {
  return [...tracks.values()].sort((one, other) => one.number - other.number);
}

/** The place of the newest image between two refetches: "image 7 of 10". */
export function placeInRound(images: ImagesState): { readonly place: number; readonly every: number } {
  const every = images.refetchEvery;
  const number = images.processing ?? images.imageCount;
  return { place: number === 0 ? 0 : ((number - 1) % every) + 1, every };
}

function withTrack(
  images: ImagesState,
  number: number,
  imageId: string,
  state: ImageState,
  why: Why = { code: null, reason: null },
): ImagesState {
  const before = images.tracks.get(number);
  const { fileName, hasOriginal } = before?.imageId === imageId ? before : { fileName: null, hasOriginal: true };
  const track: ImageTrack = { number, imageId, fileName, hasOriginal, state, ...why };
  return {
    ...images,
    tracks: new Map(images.tracks).set(number, track),
    imageCount: Math.max(images.imageCount, number),
  };
}

/** Apply what a manifest says of the images. Its poses are drawn later, when its generation is on screen. */
export function withImages(images: ImagesState, count: number, cameras: readonly CameraEntry[]): ImagesState {
  const tracks = new Map(images.tracks);
  let imageCount = Math.max(images.imageCount, count);
  for (const camera of cameras) {
    const { code, image_id: imageId, image_number: number, reason, state } = camera;
    if (number === null) continue;
    imageCount = Math.max(imageCount, number);
    const facts = { number, imageId, fileName: camera.file_name, hasOriginal: camera.has_original };
    const underWay = number === images.processing ? images.tracks.get(number) : undefined;
    tracks.set(number, { ...facts, state, code, reason, ...(underWay && kept(underWay)) });
  }
  return { ...images, tracks, imageCount };
}

function kept({ code, reason, state }: ImageTrack): Pick<ImageTrack, "code" | "reason" | "state"> {
  return { code, reason, state };
}

function afterError(images: ImagesState, imageId: string | null, { code, reason }: Why): ImagesState {
  const track = [...images.tracks.values()].find((each) => each.imageId === imageId);
  if (track?.state !== "processing") return images;
  return { ...withTrack(images, track.number, track.imageId, "failed", { code, reason }), processing: null };
}
