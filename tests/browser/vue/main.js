// Mounts docs/PLYViewer.vue as an application would; `showClouds(addresses)` changes its property.
import { createApp, h, shallowRef } from "vue";

import PLYViewer from "../../../docs/PLYViewer.vue";

const pointClouds = shallowRef([]);
window.showClouds = async (addresses) => {
  pointClouds.value = await Promise.all(addresses.map(async (address) => (await fetch(address)).arrayBuffer()));
};
await import(/* @vite-ignore */ new URL("cairn-elements.js", document.baseURI).href);
createApp({ render: () => h(PLYViewer, { pointClouds: pointClouds.value }) }).mount("#app");
