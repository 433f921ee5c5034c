/** Where does the code of the workers come from? From files of the page; `start-inline.ts` is the other way, for packages. */

export function startDecoder(): Worker {
  return new Worker(new URL("./decoder.ts", import.meta.url), { type: "module" });
}

export function startPreviewer(): Worker {
  return new Worker(new URL("./previewer.ts", import.meta.url), { type: "module" });
}
