"""How is a tethered camera released? By one run of the gphoto2 command per photograph."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from broker.images.formats import FORMAT_BY_SUFFIX
from edge_agent.cameras.camera import CameraError, CameraUnusableError
from edge_agent.photograph import Photograph, now_utc

PROGRAM: Final = "gphoto2"
BUSY: Final = ("Could not claim", "-53", "-7: ")
BUSY_ADVICE: Final = "the camera is busy: close other programs (gvfs-gphoto2 too) and check the cable"


class Gphoto2MissingError(CameraUnusableError):
    """The command gphoto2 is not installed."""

    code = "gphoto2_missing"
    remedy = "Install it: `apt install gphoto2`."


class Gphoto2Camera:
    """A tethered camera. Each run of gphoto2 writes to a folder of its own; raw files stay on the camera's card."""

    def __init__(self, *, shot_timeout_s: float) -> None:
        if shutil.which(PROGRAM) is None:
            raise Gphoto2MissingError("gphoto2 is missing: apt-get install gphoto2")
        self._timeout_s = shot_timeout_s
        self._root = Path(tempfile.mkdtemp(prefix="cairn-gphoto2-"))

    def capture(self) -> Photograph:
        folder = Path(tempfile.mkdtemp(dir=self._root))
        try:
            self._run(folder)
            return _read(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)

    def _run(self, folder: Path) -> None:
        command = (
            PROGRAM,
            "--capture-image-and-download",
            "--keep",
            "--skip-existing",
            "--filename",
            "%f.%C",
        )
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=self._timeout_s
            )
        except subprocess.TimeoutExpired as exc:
            raise CameraError(f"gphoto2 did not answer in {self._timeout_s:.0f} s: is the camera awake?") from exc
        if done.returncode != 0:
            raise CameraError(_advice(done.stderr))


def _read(folder: Path) -> Photograph:
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in FORMAT_BY_SUFFIX]
    if not found:
        raise CameraError("the camera gave no JPEG: set its quality to JPEG or RAW+JPEG")
    path = found[0]
    return Photograph(
        content=path.read_bytes(),
        content_type=FORMAT_BY_SUFFIX[path.suffix.lower()].content_type,
        captured_at=now_utc(),
        file_name=path.name,
    )


def _advice(stderr: str) -> str:
    if any(mark in stderr for mark in BUSY):
        return BUSY_ADVICE
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f"gphoto2: {lines[-1] if lines else 'ended without a message'}"
