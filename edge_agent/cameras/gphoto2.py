"""How is a tethered camera released? By one run of the gphoto2 command per photograph.

Everything stays on the camera's card, if the camera writes to it: `gphoto2 --set-config capturetarget=1`. Raw files are not
downloaded. A run that hangs is ended with all that it started, else it would hold the USB port against the next one.
"""

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import psutil

from broker.images.formats import FORMAT_BY_SUFFIX, HEIC
from edge_agent.cameras.camera import CameraError, CameraUnusableError, check_size
from edge_agent.photograph import Photograph, now_utc

PROGRAM: Final = "gphoto2"
ARGUMENTS: Final = (
    "--capture-image-and-download",
    "--keep",
    "--keep-raw",
    "--skip-existing",
    "--filename",
    "%f.%C",
)
SHARE_OF_TIMEOUT: Final = 0.8  # so that gphoto2 is ended here, and not with the camera's whole process
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
        self._timeout_s = SHARE_OF_TIMEOUT * shot_timeout_s

    def capture(self) -> Photograph:
        with tempfile.TemporaryDirectory(prefix="cairn-gphoto2-") as name:
            self._run(Path(name))
            return _read(Path(name))

    def close(self) -> None:
        """Do nothing: there is no process and no folder between two photographs."""

    def _run(self, folder: Path) -> None:
        process = subprocess.Popen(
            (PROGRAM, *ARGUMENTS), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            _, said = process.communicate(timeout=self._timeout_s)
        except subprocess.TimeoutExpired as exc:
            _end(process)
            raise CameraError(f"gphoto2 did not answer in {self._timeout_s:.0f} s: is the camera awake?") from exc
        if process.returncode != 0:
            raise CameraError(_advice(said))


def _end(process: subprocess.Popen[str]) -> None:
    """End a run with all that it started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for each in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
    process.kill()
    process.communicate()


def _read(folder: Path) -> Photograph:
    found = [
        path for path in sorted(folder.iterdir()) if path.suffix.lower() in FORMAT_BY_SUFFIX.keys() - HEIC.suffixes
    ]
    if not found:
        raise CameraError("the camera gave no JPEG: set its quality to JPEG or RAW+JPEG")
    path = found[0]
    check_size(path.stat().st_size)
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
