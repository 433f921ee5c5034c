import type { DefineComponent, ShallowRef } from "vue";
import type {
  CairnCloudElement,
  CairnViewerElement,
  Camera,
  Credentials,
  ErrorDetail,
  LoadDetail,
  PickDetail,
  PlyFile,
  Vector3,
} from "@cairn/viewer";

interface Events {
  onLoad?: (detail: LoadDetail) => void;
  onError?: (detail: ErrorDetail) => void;
  onPick?: (detail: PickDetail) => void;
}

/** PLY files: `<CairnCloud src="wall.ply" @pick="…" />` or `<CairnCloud :point-clouds="[bytes]" />`. */
export declare const CairnCloud: DefineComponent<
  { src?: string; pointClouds?: readonly PlyFile[]; up?: Vector3; camera?: Camera | null } & Events,
  { element: ShallowRef<CairnCloudElement | null> }
>;

/** A project, live: `<CairnViewer server="https://site.example" project="chapel" @pick="…" />`. */
export declare const CairnViewer: DefineComponent<
  { server: string; project?: string; credentials?: Credentials | null; camera?: Camera | null } & Events,
  { element: ShallowRef<CairnViewerElement | null> }
>;
