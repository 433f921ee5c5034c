/**
 * Where does the code of the workers come from in `@cairn/viewer`? From the module itself, as a blob.
 *
 * A browser starts no worker from another origin, and bundlers lose files beside a package's module.
 */
import DecoderWorker from "./decoder?worker&inline";
import PreviewerWorker from "./previewer?worker&inline";

export function startDecoder(): Worker {
  return new DecoderWorker();
}

export function startPreviewer(): Worker {
  return new PreviewerWorker();
}
