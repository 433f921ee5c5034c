/** Which elements can other pages use? `<cairn-viewer>` follows a project, `<cairn-cloud>` shows PLY files. */
import "./ui/cairn-viewer";
import "./ui/cloud-element";
