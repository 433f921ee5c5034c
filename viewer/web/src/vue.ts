/** How does a Vue application use the elements? By two components, whose events carry the details alone. */
import "@cairn/viewer";
import type { PropType, VNode } from "vue";
import { defineComponent, h, shallowRef } from "vue";

import type {
  CairnCloud as Cloud,
  Camera,
  ErrorDetail,
  LoadDetail,
  PickDetail,
  PlyFile,
  Vector3,
} from "./elements-types";
import type { CairnViewer as Viewer } from "./elements-types";

const emits = {
  load: (detail: LoadDetail) => Boolean(detail),
  error: (detail: ErrorDetail) => Boolean(detail),
  pick: (detail: PickDetail) => Boolean(detail),
};

type Emit = (name: "load" | "error" | "pick", detail: never) => void;

/** What Vue listens to, and calls with the event of the element. */
function listeners(emit: Emit): Record<string, (event: CustomEvent<never>) => void> {
  const passed = (["load", "error", "pick"] as const).map((name) => [
    `on${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    (event: CustomEvent<never>) => {
      emit(name, event.detail);
    },
  ]);
  return Object.fromEntries(passed) as Record<string, (event: CustomEvent<never>) => void>;
}

/** PLY files: `<CairnCloud src="wall.ply" @pick="…" />` or `<CairnCloud :point-clouds="[bytes]" />`. */
export const CairnCloud = defineComponent({
  name: "CairnCloud",
  props: {
    src: { type: String, default: "" },
    pointClouds: { type: Array as PropType<readonly PlyFile[]>, default: undefined },
    up: { type: Array as unknown as PropType<Vector3>, default: () => [0, 1, 0] as const },
    camera: { type: Object as PropType<Camera | null>, default: null },
  },
  emits,
  setup(props, { emit, expose }) {
    const element = shallowRef<(Cloud & HTMLElement) | null>(null);
    expose({ element });
    return (): VNode =>
      h("cairn-cloud", {
        ref: element,
        src: props.src,
        ...(props.pointClouds ? { ".pointClouds": [...props.pointClouds] } : {}),
        ".up": props.up,
        ".camera": props.camera,
        ...listeners(emit as Emit),
      });
  },
});

/** A project, live: `<CairnViewer server="https://site.example" project="chapel" @pick="…" />`. */
export const CairnViewer = defineComponent({
  name: "CairnViewer",
  props: {
    server: { type: String, required: true },
    project: { type: String, default: "" },
    camera: { type: Object as PropType<Camera | null>, default: null },
  },
  emits,
  setup(props, { emit, expose }) {
    const element = shallowRef<(Viewer & HTMLElement) | null>(null);
    expose({ element });
    return (): VNode =>
      h("cairn-viewer", {
        ref: element,
        server: props.server,
        "^project": props.project, // the attribute, because the element's property of this name is the state
        ".camera": props.camera,
        ...listeners(emit as Emit),
      });
  },
});
