"""Which attacks are there? The whole corpus: each generated input with the way in which it is delivered."""

import asyncio
import hashlib
import os
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from broker.ids import ImageId
from broker.messages import ReceiptStatus
from tests.photographs import photograph
from tests.siege.assault import ANSWER_S, Assault, Attack, EscapeError, HangError
from tests.siege.black_boxes import BEHAVIOUR, BEHAVIOURS, CANARY_POINTS, CLOUD, IMPORT_WISH, IMPORTS
from tests.siege.bombs import bombs, scans
from tests.siege.clouds import clouds
from tests.siege.http_requests import http_requests, other_projects
from tests.siege.images import Generator, images
from tests.siege.messages import MALLORY, Publication, presences, requests, rig_commands, scale_bars
from tests.siege.page import page_strike
from tests.siege.pieces import Step, uploads
from tests.siege.programs import CHAPEL, Programs
from tests.siege.topics import PROJECT, connect_packet, filters, packets, topics
from tests.siege.websockets import Conversation, websockets

HALF_OPEN: Final = 300
RIG_PATIENCE_S: Final = 30.0
SCAN_COUNTS: Final = (100_001, 100_002, 100_003)
GUESSED_IDS: Final = ("reconstructor-chapel", "reconstructor-castle", "rig-west-upload", "rig-west-control")
TAKEOVERS: Final = 20
LOADING_S: Final = 30.0
BOMB_ARRIVES_S: Final = 0.2
KINDS: Final = (
    *("image", "topic", "packet", "filter", "json", "pieces", "http", "websocket", "rig"),
    *("cloud", "black-box", "loading", "page", "bomb", "beside", "drawn"),
)
Strike = Callable[[Assault], Awaitable[float | None]]


def corpus(programs: Programs) -> list[Attack]:
    """Every attack, in an order in which the costly ones come last."""
    login = programs.login(MALLORY)
    kinds: dict[str, dict[str, Strike]] = {
        "image": {name: image_strike(name, each) for name, each in images().items()},
        "topic": {name: topic_strike(topic) for name, topic in topics().items()},
        "packet": {name: packet_strike(each) for name, each in packets(*login).items()}
        | {f"takeover-{name}": takeover_strike(name, *login) for name in GUESSED_IDS},
        "filter": {f"filter-{name}": filter_strike(each) for name, each in filters().items()},
        "json": {name: json_strike(each) for name, each in (requests() | scale_bars() | presences()).items()},
        "pieces": {name: pieces_strike(each) for name, each in uploads().items()},
        "http": {name: http_strike(each) for name, each in http_requests().items()}
        | {name: other_project_strike(each) for name, each in other_projects(*login).items()}
        | {"half-open-300": half_open_strike},
        "websocket": {name: websocket_strike(each) for name, each in websockets(_address(programs), *login).items()},
        "rig": {name: rig_strike(each) for name, each in rig_commands().items()} | {"rig-photographs": rig_photographs},
        "cloud": {name: black_box_strike(f"{CLOUD}{name}") for name in clouds()},
        "black-box": {name: black_box_strike(f"{BEHAVIOUR}{name}") for name in BEHAVIOURS},
        "loading": {f"at-import-{name}": loading_strike(name) for name in IMPORTS},
        "page": {"page-shows-markup": page_strike(*_markup_strikes())},
        "bomb": {name: image_strike(name, each) for name, each in bombs().items()},
        "beside": {f"scans-beside-{count}": beside_strike(count) for count in SCAN_COUNTS},
    }
    return [
        Attack(kind=kind, name=name, strike=strike) for kind, each in kinds.items() for name, strike in each.items()
    ]


def image_strike(name: str, generate: Generator) -> Strike:
    """Send one image and wait for its receipt, whatever it says."""

    async def strike(assault: Assault) -> float:
        payload = await asyncio.to_thread(generate)
        _, seconds = await assault.send_image(CHAPEL, MALLORY, name, payload)
        return seconds

    return strike


def beside_strike(count: int) -> Strike:
    """Send good images of another sender, one after the other, while a scan bomb is being refused."""

    async def strike(assault: Assault) -> None:
        payload = await asyncio.to_thread(scans, 4_000, count)
        bomb = asyncio.create_task(assault.send_image(CHAPEL, MALLORY, f"scans-{count}", payload), name="bomb")
        await asyncio.sleep(BOMB_ARRIVES_S)
        while not bomb.done():
            seconds, _ = await assault.good_image(CHAPEL, "rig-south")
            assault.beside_s.append(seconds)
        await bomb

    return strike


def topic_strike(topic: str) -> Strike:
    """Publish a good photograph where none belongs."""

    async def strike(assault: Assault) -> None:
        await assault.publish(MALLORY, topic, photograph(9_000))

    return strike


def packet_strike(raw: bytes) -> Strike:
    """Send raw bytes to the broker's port."""

    async def strike(assault: Assault) -> None:
        await assault.talk(assault.programs.broker.plan.port, raw, patience_s=0.2)

    return strike


def takeover_strike(client_id: str, user: str, password: str) -> Strike:
    """Connect again and again under a client id that a program may have."""

    async def strike(assault: Assault) -> None:
        raw = connect_packet(user, password, client_id=client_id.encode())
        for _ in range(TAKEOVERS):
            await assault.talk(assault.programs.broker.plan.port, raw, patience_s=0.05)

    return strike


def filter_strike(topic_filter: str) -> Strike:
    """Listen where the account may not, while the other project gets an image."""

    async def strike(assault: Assault) -> None:
        stolen = len(assault.stolen)
        async with assault.spying(MALLORY, topic_filter):
            await assault.good_image("castle", "rig-north")
            await asyncio.sleep(0.3)
        if len(assault.stolen) > stolen:
            raise EscapeError(f"{topic_filter} gave {MALLORY} {assault.stolen[stolen]}")

    return strike


def json_strike(publication: Publication) -> Strike:
    """Publish one payload; a request must be answered, be it by an error event."""

    async def strike(assault: Assault) -> None:
        witness = assault.witness
        before = witness.answer_count + len(witness.errors)
        topic = f"{PROJECT}/{publication.below}"
        await assault.publish(publication.user, topic, publication.payload, is_retained=publication.is_retained)
        if publication.below.startswith("request/") and not await witness.until(
            lambda: witness.answer_count + len(witness.errors) > before, ANSWER_S
        ):
            raise HangError("a request was not answered")

    return strike


def pieces_strike(generate: Callable[[], tuple[ImageId, list[Step]]]) -> Strike:
    """Send the messages of one upload; each end is answered by a receipt, a list of what is missing, or an error."""

    async def strike(assault: Assault) -> float | None:
        image_id, steps = generate()
        witness = assault.witness
        heard_before = witness.answer_count + len(witness.errors)
        for level, payload in steps:
            await assault.publish(MALLORY, f"{PROJECT}/upload/{MALLORY}/{image_id}/{level}", payload)
        ended_s = time.monotonic()
        key = (CHAPEL, str(image_id))

        def is_answered() -> bool:
            return key in witness.receipts or witness.answer_count + len(witness.errors) > heard_before

        if not await witness.until(is_answered, ANSWER_S):
            raise HangError("an upload was not answered")
        await witness.until(lambda: key in witness.receipts, 0.5)
        return max(0.0, witness.receipts[key][1] - ended_s) if key in witness.receipts else None

    return strike


def http_strike(generate: Generator) -> Strike:
    """Send one raw request to the page server, which must be well afterwards."""

    async def strike(assault: Assault) -> None:
        await assault.talk(assault.programs.page_port, generate(), patience_s=0.3)
        await assault.check_page()

    return strike


def other_project_strike(raw: bytes) -> Strike:
    """Ask for what belongs to another project, with a good login of this one."""

    async def strike(assault: Assault) -> None:
        answer = await assault.talk(assault.programs.page_port, raw, patience_s=2.0)
        if not answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")):
            raise EscapeError(f"the page server says {answer[:60]!r} to an account of another project")

    return strike


async def half_open_strike(assault: Assault) -> None:
    """Hold many unfinished requests from one address; others are served meanwhile."""
    source = ("127.0.0.2", 0) if sys.platform == "linux" else None  # elsewhere loopback has one address only
    port = assault.programs.page_port
    held = [await asyncio.open_connection("127.0.0.1", port, local_addr=source) for _ in range(HALF_OPEN)]
    try:
        for _, writer in held:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        await assault.check_page()
    finally:
        for _, writer in held:
            writer.transport.abort()


def websocket_strike(conversation: Conversation) -> Strike:
    """Ask for the relay and send frames; a handshake that is not in order must be refused."""

    async def strike(assault: Assault) -> None:
        answer = await assault.talk(
            assault.programs.page_port, conversation.handshake, conversation.frames(), patience_s=0.3
        )
        is_let_in = answer.startswith(b"HTTP/1.1 101")
        if is_let_in and not conversation.is_let_in:
            raise EscapeError("the relay let a foreign page in")
        if conversation.is_let_in and not is_let_in:
            raise HangError(f"the relay says {answer[:60]!r} to a good handshake")
        await assault.check_page()

    return strike


def rig_strike(publication: Publication) -> Strike:
    """Send a rig a command or settings."""

    async def strike(assault: Assault) -> None:
        await assault.publish(publication.user, f"{PROJECT}/{publication.below}", publication.payload)
        await asyncio.sleep(0.05)

    return strike


async def rig_photographs(assault: Assault) -> None:
    """Put hostile files into the rig's folder, then a good photograph, which must arrive."""
    last = await asyncio.to_thread(_fill, assault.programs.photographs)
    if not await assault.witness.until(lambda: last in assault.witness.stored_digests, RIG_PATIENCE_S):
        raise HangError("the rig did not send the good photograph behind the hostile ones")


def _fill(folder: Path) -> str:
    """Write files in the order in which a rig takes them; the last one's digest."""
    for number, (name, generate) in enumerate(_hostile_files()):
        (folder / f"{number:03d}-{name}.jpg").write_bytes(generate())
    (folder / "100-folder.jpg").mkdir()
    (folder / "101-loop.jpg").symlink_to("101-loop.jpg")
    (folder / "102-zero.jpg").symlink_to("/dev/zero")
    os.mkfifo(folder / "103-pipe.jpg")
    for number, odd in enumerate((b"a\xe2\x80\xaeb", b"a\x1b[31mb", b"a\nb", b"\xff\xfe"), start=104):
        path = Path(os.fsdecode(os.fsencode(folder) + b"/%d-%s.jpg" % (number, odd)))
        path.write_bytes(photograph(number + 9_000))
    (folder / "999-good.jpg").write_bytes(last := photograph(9_999))
    return hashlib.sha256(last).hexdigest()


def black_box_strike(name: str, *, seed: str = "") -> Strike:
    """Send a photograph whose name tells the black box how to go wrong; it must come back, whatever it says."""

    async def strike(assault: Assault) -> None:
        payload = photograph(zlib.crc32(f"{name}{seed}".encode()))
        receipt, _ = await assault.send_image(CHAPEL, MALLORY, name, payload)
        if receipt.status is not ReceiptStatus.STORED or receipt.image_number is None:
            raise HangError(f"the photograph was {receipt.status}: {receipt.reason}")
        await assault.completion(CHAPEL, receipt.image_number)
        complete = assault.witness.completed[CHAPEL, receipt.image_number]
        if complete.new_point_count >= CANARY_POINTS:
            raise EscapeError("points of a file outside of the project were published")

    return strike


def loading_strike(name: str) -> Strike:
    """Let the black box end, fail when it is loaded again, and be mended: then images are placed again."""

    async def strike(assault: Assault) -> None:
        wish = assault.programs.data / CHAPEL / "black_box" / IMPORT_WISH
        wish.write_text(name, encoding="ascii")
        try:
            await black_box_strike(f"{BEHAVIOUR}os-exit", seed=name)(assault)
            error_count = len(assault.witness.errors)
            topic_name = f"loading-{name}"
            receipt, _ = await assault.send_image(
                CHAPEL, "rig-south", topic_name, photograph(zlib.crc32(name.encode()))
            )
            if receipt.status is not ReceiptStatus.STORED:
                raise HangError(f"a good image was {receipt.status}: {receipt.reason}")
            if not await assault.witness.until(lambda: len(assault.witness.errors) > error_count, LOADING_S):
                raise HangError("no error says that the black box does not load")
        finally:
            wish.unlink()

    return strike


def _markup_strikes() -> list[Strike]:
    """What brings markup to the pages of a project."""
    people = [json_strike(publication) for publication in presences().values()]
    names = (f"{BEHAVIOUR}raises-markup", f"{BEHAVIOUR}waits-markup", f"{CLOUD}markup-in-the-format")
    return people + [black_box_strike(name, seed="page") for name in names]


def _hostile_files() -> Iterator[tuple[str, Generator]]:
    names = (
        "text",
        "mpo",
        "tiff-122-bytes",
        "png-40000-side",
        "jpeg-huge-announced",
        "exif-loop",
        "cut-jpeg-6",
    )
    known = images()
    return ((name, known[name]) for name in names)


def _address(programs: Programs) -> str:
    return f"127.0.0.1:{programs.page_port}"
