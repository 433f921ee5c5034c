"""How does the camera's process talk? It reads a plan and one line per shot; it answers with a header and bytes.

It may hang or die: only one photograph is lost with it. Run by `edge_agent.cameras.watched`.
"""

import os
import sys
from datetime import datetime
from typing import BinaryIO, Final

from pydantic import BaseModel, ConfigDict

from broker.errors import CairnError
from broker.printable import printable
from edge_agent.cameras.camera import (
    Camera,
    CameraError,
    CameraExhaustedError,
    CameraUnusableError,
    LeavesOut,
    check_size,
)
from edge_agent.cameras.folder import FolderAwayError, FolderMissingError
from edge_agent.cameras.plan import CameraPlan, open_camera
from edge_agent.photograph import Photograph


class Header(BaseModel):
    """One line of JSON before the photograph's bytes; `code` is set when there is none."""

    model_config = ConfigDict(frozen=True)

    size_bytes: int = 0
    content_type: str = ""
    captured_at: datetime | None = None
    file_name: str = ""
    source: str | None = None
    code: str | None = None
    reason: str = ""
    is_unusable: bool = False
    left_out: tuple[str, ...] = ()


NOTHING_YET = "nothing_yet"
# Errors that the agent tells apart from others.
TOLD_APART: Final = {each.code: each for each in (CameraExhaustedError, FolderMissingError, FolderAwayError)}
MOST_SENTENCE = 300  # signs; the end of a long path says more than its beginning


def main() -> None:
    """Serve shots until stdin closes, which happens whenever the agent ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of camera libraries goes to stderr, not between our headers
    requests = sys.stdin.buffer
    plan = CameraPlan.model_validate_json(requests.readline())
    try:
        camera = open_camera(plan)
    except CairnError as exc:
        _answer(answers, _refusal(exc))
        return
    _answer(answers, Header(code=NOTHING_YET))  # ready
    while requests.readline():
        header, content = shoot(camera)
        _answer(answers, header.model_copy(update={"left_out": _new_left_out(camera)}), content)
    camera.close()


def shoot(camera: Camera) -> tuple[Header, bytes]:
    """Take one photograph, or report the error."""
    try:
        photograph = camera.capture()
        if photograph is None:
            return Header(code=NOTHING_YET), b""
        check_size(len(photograph.content))
    except CairnError as exc:
        return _refusal(exc), b""
    header = Header(
        size_bytes=len(photograph.content),
        content_type=photograph.content_type,
        captured_at=photograph.captured_at,
        file_name=photograph.file_name,
        source=photograph.source,
    )
    return header, photograph.content


def _new_left_out(camera: Camera) -> tuple[str, ...]:
    if not isinstance(camera, LeavesOut):
        return ()
    return tuple(printable(each.sentence)[-MOST_SENTENCE:] for each in camera.new_left_out())


def photograph_of(header: Header, content: bytes) -> Photograph | None:
    """Turn an answer back into the result of `Camera.capture`, or into its error."""
    if header.code == NOTHING_YET:
        return None
    if header.code in TOLD_APART:
        raise TOLD_APART[header.code](header.reason)
    if header.is_unusable:
        raise CameraUnusableError(header.reason)
    if header.code is not None or header.captured_at is None:
        raise CameraError(header.reason or "the camera's process gave no photograph")
    if not content:
        raise CameraError("the camera gave a file without bytes: is its card full or broken?")
    return Photograph(
        content=content,
        content_type=header.content_type,
        captured_at=header.captured_at,
        file_name=header.file_name,
        source=header.source,
    )


def _refusal(exc: CairnError) -> Header:
    return Header(code=exc.code, reason=exc.sentence, is_unusable=isinstance(exc, CameraUnusableError))


def _answer(answers: BinaryIO, header: Header, content: bytes = b"") -> None:
    answers.write(header.model_dump_json().encode() + b"\n")
    answers.write(content)  # by itself: joined to the header, it would be copied
    answers.flush()


if __name__ == "__main__":
    main()
