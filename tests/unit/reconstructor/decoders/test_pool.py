"""A decoder process is stopped at its limits and replaced; other photographs are served meanwhile."""

import asyncio
import contextlib
import io
import math
import os
import signal
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from reconstructor.decoders import pool
from reconstructor.decoders.inspection import DamagedImageError, ImageTooCostlyError, NotAnImageError, PixelLimits
from reconstructor.decoders.pool import Decoders
from reconstructor.decoders.protocol import Limits
from tests.photographs import photograph

PIXELS = PixelLimits(reduced=150_000_000, full=150_000_000, side_px=32_768)


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    async with Decoders(count=2, limits=Limits(memory_bytes=512 << 20, cpu_s=0.5), pixels=PIXELS) as opened:
        yield opened


def scan_bomb() -> bytes:
    """A progressive JPEG whose last scan is repeated 3,000 times: 31 bytes and 9.8 ms each at 16 megapixels."""
    stream = io.BytesIO()
    Image.new("RGB", (4000, 4000)).save(stream, "JPEG", progressive=True)
    whole = stream.getvalue()
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + scan * 3000 + whole[-2:]


def tiff(tag: int, value: object) -> bytes:
    stream = io.BytesIO()
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[tag] = value
    Image.new("L", (80, 60)).save(stream, "TIFF", tiffinfo=tags)
    return stream.getvalue()


def infinite_picture() -> bytes:
    stream = io.BytesIO()
    Image.new("F", (80, 60), math.inf).save(stream, "TIFF")
    return stream.getvalue()


async def test_a_photograph_is_inspected_and_reduced(decoders: Decoders) -> None:
    content = photograph(1, width_px=400, height_px=300)
    found = await decoders.inspect(content)
    assert (found.suffix, found.content_type, found.width_px, found.height_px) == (".jpg", "image/jpeg", 400, 300)
    small = await decoders.thumbnail(content)
    assert small is not None
    assert Image.open(io.BytesIO(small)).size == (320, 240)


async def test_a_refusal_comes_back_as_it_was_made(decoders: Decoders) -> None:
    with pytest.raises(NotAnImageError):
        await decoders.inspect(b"GIF89a")
    with pytest.raises(DamagedImageError, match="the file itself is cut or damaged"):
        await decoders.inspect(photograph(1)[:-300])
    with pytest.raises(DamagedImageError, match="not finite"):
        await decoders.inspect(infinite_picture())
    for tag, value in ((50706, b"\1\4\0\0"), (254, 1), (262, 32803)):  # of a DNG, and of what other raw files have
        with pytest.raises(NotAnImageError, match="raw file"):
            await decoders.inspect(tiff(tag, value))
    for start, word in (
        (b"\0\0\0\x18ftypavif", "AVIF"),
        (b"\0\0\0\x18ftypcrx ", "raw file"),
        (b"FUJIFILMCCD-RAW", "raw file"),
    ):
        with pytest.raises(NotAnImageError, match=word):
            await decoders.inspect(start + bytes(100))
    assert (await decoders.inspect(tiff(270, "a facade"))).content_type == "image/tiff"
    assert await decoders.thumbnail(b"GIF89a") is None


async def test_a_scan_bomb_is_stopped_and_others_are_served_meanwhile(decoders: Decoders) -> None:
    bomb = asyncio.create_task(decoders.inspect(scan_bomb()))
    await asyncio.sleep(0.1)
    for _ in range(5):
        assert await decoders.inspect(photograph(1))
    assert not bomb.done()
    with pytest.raises(ImageTooCostlyError, match="processor time"):
        await bomb
    assert await decoders.thumbnail(scan_bomb()) is None
    assert await decoders.inspect(photograph(1))


async def test_an_image_that_needs_too_much_memory_is_refused(decoders: Decoders) -> None:
    """34 bytes announce 144 megapixels, which as WebP take more than 2 GiB."""
    bits = (11999) | (11999 << 14)
    chunk = b"\x2f" + struct.pack("<I", bits) + bytes(9)
    webp = b"RIFF" + struct.pack("<I", 4 + 8 + len(chunk)) + b"WEBPVP8L" + struct.pack("<I", len(chunk)) + chunk
    assert len(webp) == 34
    with pytest.raises((ImageTooCostlyError, DamagedImageError)):
        await decoders.inspect(webp)
    assert await decoders.inspect(photograph(1))


async def test_a_process_that_something_else_ended_is_replaced(decoders: Decoders) -> None:
    for _ in range(2):
        for child in children():
            os.kill(child, signal.SIGKILL)
        assert await decoders.inspect(photograph(1))


async def test_a_process_that_cannot_be_started_is_tried_again_and_ends_nobody(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused(Popen[bytes]):
        count = 0

        def __init__(self, *args: Any, **named: Any) -> None:
            Refused.count += 1
            if Refused.count in few:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            super().__init__(*args, **named)

    monkeypatch.setattr(pool, "Popen", Refused)
    monkeypatch.setattr(pool, "_START_PAUSES_S", (0.01,))
    for child in children():
        os.kill(child, signal.SIGKILL)
    few = {1, 3}  # of each two, the first
    assert await decoders.inspect(photograph(1))
    assert await decoders.inspect(photograph(1))
    for child in children():
        os.kill(child, signal.SIGKILL)
    few = set(range(1000))
    assert await decoders.thumbnail(photograph(1)) is None
    monkeypatch.setattr(pool, "_LONG_PAUSE_S", 0.01)
    waiting = [asyncio.create_task(ask(photograph(1))) for ask in (decoders.inspect, decoders.likeness)]
    await asyncio.sleep(0.5)
    assert not any(each.done() for each in waiting)  # it is not refused: that says nothing of the image
    few = set()
    assert all(await asyncio.gather(*waiting))


async def test_no_process_stays_and_what_waits_is_told() -> None:
    before = children()
    async with Decoders(count=2, limits=Limits(memory_bytes=512 << 20, cpu_s=60), pixels=PIXELS) as opened:
        assert len(children() - before) == 2
        waiting = asyncio.create_task(opened.inspect(scan_bomb()))
        await asyncio.sleep(0.2)
    with pytest.raises(DamagedImageError):
        await waiting
    assert children() == before


async def test_a_decoder_sees_no_password_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_RECONSTRUCTOR_BROKER__PASSWORD", "secret")
    before = children()
    async with Decoders(count=2, limits=Limits(memory_bytes=512 << 20, cpu_s=1), pixels=PIXELS) as opened:
        await opened.inspect(photograph(1))
        environments = [environment(child) for child in children() - before]
    assert len(environments) == 2
    assert not any(b"secret" in each for each in environments)


def children() -> set[int]:
    found = set[int]()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the thread has ended; its children are another's now
            found.update(map(int, (task / "children").read_text().split()))
    return found


def environment(process: int) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes()
