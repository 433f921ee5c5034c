/** The custom elements alone, for pages of one's own: `<cairn-viewer>` follows a project, `<cairn-cloud>` shows PLYs. */
import "./ui/cairn-viewer";
import "./ui/cloud-element";
