/** How does a Vue application use the elements? By two components, whose events carry the details alone. */
import "@cairn/viewer";
import type { PropType, VNode } from "vue";
import { defineComponent, h, shallowRef } from "vue";

import type {
  CairnCloud as Cloud,
  Camera,
  Credentials,
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

/** The files of each drawing: the same list while they are the same, because each new list is read and shown again. */
function steadyList(): (given: readonly PlyFile[]) => readonly PlyFile[] {
  let list: readonly PlyFile[] = [];
  return (given) => {
    const isSame = list.length === given.length && list.every((file, index) => file === given[index]);
    if (!isSame) list = [...given];
    return list;
  };
}

/** The account of each drawing: the same object while it says the same, because another one logs in again. */
function steadyAccount(): (given: Credentials) => Credentials {
  let account: Credentials | null = null;
  return (given) => {
    const isSame = account !== null && JSON.stringify(account) === JSON.stringify(given);
    return (account = isSame && account ? account : { ...given });
  };
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
    const filesOf = steadyList();
    expose({ element });
    return (): VNode =>
      h("cairn-cloud", {
        ref: element,
        src: props.src,
        ...(props.pointClouds ? { ".pointClouds": filesOf(props.pointClouds) } : {}),
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
    credentials: { type: Object as PropType<Credentials | null>, default: null },
    camera: { type: Object as PropType<Camera | null>, default: null },
  },
  emits,
  setup(props, { emit, expose }) {
    const element = shallowRef<(Viewer & HTMLElement) | null>(null);
    const accountOf = steadyAccount();
    expose({ element });
    return (): VNode =>
      h("cairn-viewer", {
        ref: element,
        server: props.server,
        "^project": props.project, // the attribute, because the element's property of this name is the state
        // Without an account of the page, the one of the element's own form stays.
        ...(props.credentials ? { ".credentials": accountOf(props.credentials) } : {}),
        ".camera": props.camera,
        ...listeners(emit as Emit),
      });
  },
});
