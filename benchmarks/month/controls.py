"""How is a running rig of the month disturbed? By small files in a folder: its clock, its camera and its power read them."""

import contextlib
import os
from enum import StrEnum
from pathlib import Path


class Control(StrEnum):
    """The files of the folder."""

    JUMP = "jump"  # seconds that the wall clock is off
    STOPPED = "stopped"  # instant of the machine's monotonic clock at which the rig's clocks stood still, seconds
    CAMERA = "camera"  # a `CameraMode`
    POWER = "power"  # a `Stage` of a durable change, at which the rig loses its power
    MISHAPS = "mishaps"  # one line for each photograph that the camera spoilt


class CameraMode(StrEnum):
    """What the camera does at its next photograph."""

    HANGS = "hangs"
    FAILS = "fails"
    GARBAGE = "garbage"
    CUT = "cut"
    EMPTY = "empty"


class Stage(StrEnum):
    """When in a durable change the power is cut."""

    BEFORE_SYNC = "before_sync"
    BEFORE_RENAME = "before_rename"
    BEFORE_FOLDER_SYNC = "before_folder_sync"
    BEFORE_ROW = "before_row"
    BEFORE_DELETION = "before_deletion"


class Controls:
    """The folder. Every change is one rename, so that no reader sees half of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def set(self, control: Control, text: str) -> None:
        unfinished = self.folder / f"{control}.new"
        unfinished.write_text(text, encoding="ascii")
        unfinished.rename(self.folder / control)

    def clear(self, control: Control) -> None:
        (self.folder / control).unlink(missing_ok=True)

    def get(self, control: Control) -> str:
        """What was set; empty when nothing was."""
        try:
            return (self.folder / control).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""

    def take(self, control: Control, text: str) -> bool:
        """Whether this is set; it is cleared then."""
        if self.get(control) != text:
            return False
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.folder / control)  # noqa: PTH108 - `Path.unlink` may be watched
            return True
        return False
