"""What do the service and a decoder process say to each other? One line of JSON, then the bytes that it announces."""

from typing import IO, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, ValidationError

from broker.contract import MAX_IMAGE_BYTES, MAX_PHOTO_PX
from broker.errors import CairnError
from reconstructor.decoders.inspection import Inspected, PixelLimits
from reconstructor.decoders.likeness import Likeness

Task = Literal["inspect", "likeness", "thumbnail", "photograph"]
_MAX_LINE_BYTES: Final = 64 * 1024


class DecoderEndedError(CairnError):
    """A decoder process ended, or wrote what is no answer, in the middle of an image."""

    code = "decoder_ended"
    remedy = "Nothing: the image is tried again in a new process, then refused."


class DecoderNotStartedError(DecoderEndedError):
    """The machine starts no process now: it has too many, or too little memory. It says nothing of the image."""

    code = "decoder_not_started"
    remedy = "End other programs, or raise the limit of processes or memory; the image waits meanwhile."


class Request(BaseModel):
    """What a decoder is asked to do with the bytes that follow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    limits: PixelLimits
    content_bytes: NonNegativeInt
    max_side_px: PositiveInt = MAX_PHOTO_PX  # of a photograph to look at


class Answer(BaseModel):
    """What a decoder found; the bytes that follow are a thumbnail, a photograph to look at, or the readable copy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inspected: Inspected | None = None
    likeness: Likeness | None = None
    code: str | None = None
    reason: str = ""
    content_bytes: NonNegativeInt = 0


class Limits(BaseModel):
    """What a decoder process may take: memory (address space), and processor time for one image."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory_bytes: PositiveInt
    cpu_s: float


Message = TypeVar("Message", Request, Answer)


def write(stream: IO[bytes], message: Request | Answer, content: bytes) -> None:
    """Write one message; raises OSError when the other end is gone."""
    stream.write(message.model_dump_json().encode() + b"\n")
    stream.write(content)
    stream.flush()


def read(stream: IO[bytes], kind: type[Message]) -> tuple[Message, bytes]:
    """Read one message.

    Raises:
        DecoderEndedError: the other end is gone, or this is no message.
    """
    line = stream.readline(_MAX_LINE_BYTES)
    try:
        message = kind.model_validate_json(line)
    except ValidationError as exc:
        raise DecoderEndedError("the decoder's process ended") from exc
    if message.content_bytes > MAX_IMAGE_BYTES:
        raise DecoderEndedError(f"{message.content_bytes} bytes are no message")
    content = stream.read(message.content_bytes)
    if len(content) != message.content_bytes:
        raise DecoderEndedError("the decoder's process ended")
    return message, content
