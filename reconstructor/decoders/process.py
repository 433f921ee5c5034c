"""What does a decoder process do? It decodes one image after the other under limits that the kernel enforces.

Started by `reconstructor.decoders.pool`. A process that goes beyond its processor time is ended by SIGPROF; one that
goes beyond its memory gets a MemoryError. It writes no file, and what the C libraries print is thrown away.
"""

import os
import resource
import signal
import sys
from dataclasses import replace
from typing import IO

from broker.contract import MAX_PHOTO_BYTES
from broker.images.decoding import UndecodableImageError
from broker.images.eight_bits import UnusualPixelsError
from broker.images.opening import load_heic_reader
from broker.images.thumbnails import thumbnail, upright_jpeg
from reconstructor.decoders.inspection import ImageRefusedError, inspect
from reconstructor.decoders.likeness import likeness
from reconstructor.decoders.protocol import Answer, DecoderEndedError, Limits, Request, read, write


def main() -> None:
    """Answer requests on stdin until it ends; the first argument has the limits."""
    limits = Limits.model_validate_json(sys.argv[1])
    load_heic_reader()  # at nobody's cost
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(what, (most, most))
    write(answers, Answer(), b"")  # ready
    answer_all(sys.stdin.buffer, answers, limits.cpu_s)


def answer_all(requests: IO[bytes], answers: IO[bytes], cpu_s: float) -> None:
    """Answer requests until the other end is gone; more than `cpu_s` of processor time for one ends the process."""
    while True:
        try:
            request, content = read(requests, Request)
        except DecoderEndedError:
            return
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        answer, small = _answer(request, content)
        signal.setitimer(signal.ITIMER_PROF, 0)
        write(answers, answer, small)


def _answer(request: Request, content: bytes) -> tuple[Answer, bytes]:
    if request.task in {"thumbnail", "photograph"}:
        is_small = request.task == "thumbnail"
        jpeg = thumbnail(content) if is_small else upright_jpeg(content, request.max_side_px, MAX_PHOTO_BYTES)
        return Answer(content_bytes=len(jpeg or b"")), jpeg or b""
    if request.task == "likeness":
        try:
            return Answer(likeness=likeness(content)), b""
        except (UndecodableImageError, UnusualPixelsError) as exc:
            return Answer(code=exc.code, reason=exc.sentence[:2000]), b""
    try:
        inspected = inspect(content, request.limits)
    except ImageRefusedError as exc:
        return Answer(code=exc.code, reason=exc.sentence[:2000]), b""
    copy = inspected.readable
    if copy is None:
        return Answer(inspected=inspected), b""
    named = replace(inspected, readable=replace(copy, content=b""))
    return Answer(inspected=named, content_bytes=len(copy.content)), copy.content


if __name__ == "__main__":
    main()
