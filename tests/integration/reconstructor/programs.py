"""The reconstructor as a process of its own, a rig that sends to it, and a watcher of what it says."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Literal, Self, TypeVar

from broker.channel import Channel
from broker.clients.refusals import BrokerFullError
from broker.config import Connection
from broker.contract import (
    CAMERA_PAGE,
    EVENT,
    IMAGE,
    MANIFEST_PAGE,
    PREVIEW,
    RECEIPT,
    RECONSTRUCTOR_STATE,
    REFERENCE,
    SHARD,
    WANTED,
    match,
)
from broker.delivery import Delivery
from broker.envelope import Message, decode
from broker.ids import Encoding, ImageId, PageDigest, ProjectId
from broker.live import follow
from broker.manifest import CameraEntry, CameraPage, Manifest, ManifestPage, Page, cameras_of, read_page, shards_of
from broker.messages import (
    EVENTS,
    Event,
    ProcessingComplete,
    ReconstructorPresence,
    ReconstructorState,
    UploadAcknowledged,
    Wanted,
)
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.shards import sha256
from broker.topics import TopicSpace
from reconstructor.publishing.retained import ShardKey, list_retained
from reconstructor.publishing.retained_messages import retained_messages
from tests.photographs import image_id, photograph

ROOT = Path(__file__).parents[3]
PROJECT = ProjectId("chapel")
SPACE = TopicSpace()
RIG = "rig-north"
PATIENCE_S = 30.0

E = TypeVar("E", bound=Event)
P = TypeVar("P", bound=Message)


class Program:
    """`cairn reconstructor run`, started, killed and started again on one data folder."""

    module = "cairn"

    def __init__(self, connection: Connection, folder: Path, black_box: str, **settings: object) -> None:
        self.folder, self.log = folder / "data", folder / "reconstructor.log"
        wishes = {"projects": json.dumps([PROJECT]), "decoder_count": 2} | settings
        self._environment = (
            os.environ | {"PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"} | _environment(connection, wishes)
        )
        self._words = ["--data", str(self.folder)]
        self._words += ["--black-box", black_box if ":" in black_box else f"tests.black_boxes:{black_box}"]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, "reconstructor", "run", *self._words],
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def wait(self) -> int:
        """The exit status of a program that ends by itself."""
        assert self._process is not None
        return self._process.wait(PATIENCE_S)

    def logged(self, event: str, **fields: object) -> list[str]:
        """Lines of the log with this event and these fields."""
        words = [f"event={event}", *(f"{name}={value}" for name, value in fields.items())]
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if all(word in line for word in words)]

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            status = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)  # faulthandler writes what each thread does
            self._process.wait(PATIENCE_S)
            raise AssertionError(f"it does not end:\n{self.log.read_text(encoding='utf-8')[-10_000:]}") from None
        self._process = None
        return status


def _environment(connection: Connection, settings: dict[str, object]) -> dict[str, str]:
    prefix = "CAIRN_RECONSTRUCTOR_"
    password = connection.secret()
    assert password is not None
    values: dict[str, object] = {
        "BROKER__PORT": connection.port,
        "BROKER__USERNAME": connection.username,
        "BROKER__PASSWORD": password,
    }
    values |= {name.upper(): value for name, value in settings.items() if value is not None}
    return {f"{prefix}{name}": str(value) for name, value in values.items()}


class Rig:
    """Sends images and waits for their receipts; sends again when none comes, as a rig does."""

    def __init__(self, delivery: Delivery, project: ProjectId = PROJECT) -> None:
        self._delivery, self._project = delivery, project
        self.wanted: tuple[ImageId, ...] = ()
        self._receipts: dict[str, UploadAcknowledged] = {}
        self._changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, connection: Connection, sender: str = RIG, project: ProjectId = PROJECT) -> AsyncIterator["Rig"]:
        receipts = SPACE.filter(RECEIPT.template, project, sender=sender)
        async with Delivery(connection, client_id=f"{sender}-{project}", subscriptions=(receipts,)) as delivery:
            await delivery.wait_connected(PATIENCE_S)
            rig = cls(delivery, project)
            yield rig
            rig._reading.cancel()

    async def send(
        self, payload: bytes, name: str, sender: str = RIG, properties: tuple[tuple[str, str], ...] = ()
    ) -> UploadAcknowledged:
        """Publish until the receipt is here; a broker without room is asked again."""
        topic = SPACE.topic(self._project, IMAGE.template, sender=sender, image_name=name)
        return await self._send(Outgoing(topic=topic, payload=payload, user_properties=properties), name)

    async def send_preview(
        self, payload: bytes, name: str, sender: str = RIG, properties: tuple[tuple[str, str], ...] = ()
    ) -> UploadAcknowledged:
        """Publish the preview of an image until its receipt is here."""
        topic = SPACE.topic(self._project, PREVIEW.template, sender=sender, image_id=name)
        return await self._send(Outgoing(topic=topic, payload=payload, user_properties=properties), name)

    async def until_wanted(self, *images: ImageId) -> None:
        """Wait until exactly these originals are asked for, in this order."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: self.wanted == images)

    async def _send(self, outgoing: Outgoing, name: str) -> UploadAcknowledged:
        async with asyncio.timeout(2 * PATIENCE_S):
            while True:
                try:
                    await self._delivery.publish(outgoing, PATIENCE_S)
                except BrokerFullError:
                    await asyncio.sleep(1)
                    continue
                with contextlib.suppress(TimeoutError):
                    return await self.receipt(name, 3)

    async def publish(self, topic: str, payload: bytes, qos: Literal[0, 1] = 1) -> None:
        """Publish once, to any topic; raises what the broker says of it."""
        await self._delivery.publish(Outgoing(topic=topic, payload=payload, qos=qos), PATIENCE_S)

    async def send_many(self, seeds: range) -> list[ImageId]:
        """Photographs of these seeds, one after the other; their ids in order."""
        names = []
        for seed in seeds:
            payload = photograph(seed)
            names.append(image_id(payload, seed))
            receipt = await self.send(payload, names[-1])
            assert receipt.code is None, receipt
        return names

    async def receipt(self, name: str, timeout_s: float) -> UploadAcknowledged:
        """Wait for the receipt of one image."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(lambda: name in self._receipts)
            return self._receipts.pop(name)

    async def _read(self) -> None:
        async for message in self._delivery.messages():
            message.acknowledge()
            channel = match(SPACE, message.topic).channel
            async with self._changed:
                if channel is RECEIPT:
                    receipt = decode(message.payload, UploadAcknowledged)
                    self._receipts[receipt.image_name] = receipt
                elif channel is WANTED:
                    self.wanted = decode(message.payload, Wanted).images
                self._changed.notify_all()


class Watcher:
    """Keeps every event and the newest state, over the broker's restarts."""

    def __init__(self, delivery: Delivery) -> None:
        self.events: list[Event] = []
        self.state: ReconstructorState | None = None
        self._delivery = delivery
        self._changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, connection: Connection) -> AsyncIterator["Watcher"]:
        topics = (SPACE.filter(EVENT.template, PROJECT), SPACE.filter(RECONSTRUCTOR_STATE.template, PROJECT))
        async with Delivery(connection, client_id="watcher", subscriptions=topics) as delivery:
            await delivery.wait_connected(PATIENCE_S)
            watcher = cls(delivery)
            yield watcher
            watcher._reading.cancel()

    async def until(self, is_so: Callable[[Self], bool], timeout_s: float = PATIENCE_S) -> None:
        """Wait until something is so of what was seen."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: is_so(self))
        except TimeoutError:
            raise AssertionError(f"it never came; last seen: {self.state} {self.events[-5:]}") from None

    async def until_ready(self) -> None:
        await self.until(lambda seen: seen.presence is ReconstructorPresence.READY)

    async def until_complete(self, count: int, timeout_s: float = PATIENCE_S) -> None:
        """Wait until that many images went through the black box."""
        await self.until(lambda seen: len(seen.completed) >= count, timeout_s)

    @property
    def presence(self) -> ReconstructorPresence | None:
        return self.state.presence if self.state else None

    @property
    def completed(self) -> dict[int, ProcessingComplete]:
        """The last word on each image, refetches apart."""
        return {each.image_number: each for each in self.of_type(ProcessingComplete) if not each.is_refetch}

    def of_type(self, model: type[E]) -> list[E]:
        return [each for each in self.events if isinstance(each, model)]

    async def _read(self) -> None:
        async for message in self._delivery.messages():
            found = match(SPACE, message.topic)
            async with self._changed:
                if found.channel is EVENT:
                    model = EVENTS[found.event_type]
                    self.events.append(decode(message.payload, model))
                else:
                    self.state = decode(message.payload, ReconstructorState)
                self._changed.notify_all()
            message.acknowledge()


class NoManifestError(Exception):
    """The broker retains no manifest."""


async def retained_manifest(mosquitto: Mosquitto) -> Manifest:
    """The manifest as the broker retains it, after a look that everything it names is there, byte for byte."""
    connection = mosquitto.connection("reconstructor")
    retained = await list_retained(connection, PROJECT)
    if not retained.manifest:
        raise NoManifestError
    manifest = decode(retained.manifest, Manifest)
    for entry in shards_of(await retained_pages(connection, MANIFEST_PAGE, ManifestPage, manifest.shard_pages)):
        for each in entry.encodings:
            assert retained.digests[ShardKey(manifest.generation, each.encoding, entry.index)] == each.sha256
    await retained_pages(connection, CAMERA_PAGE, CameraPage, manifest.camera_pages)
    return manifest


async def retained_pages(
    connection: Connection, channel: Channel, model: type[P], digests: tuple[PageDigest, ...], project: str = PROJECT
) -> list[Page[P]]:
    """The pages with these digests, which the broker retains."""
    pages: dict[PageDigest, Page[P]] = {}
    async with aclosing(retained_messages(connection, ProjectId(project), channel)) as messages:
        async for message in messages:
            digest = match(SPACE, message.topic).page
            pages[digest] = read_page(message.payload, digest, model)
    return [pages[digest] for digest in digests]


async def retained_cameras(mosquitto: Mosquitto) -> tuple[CameraEntry, ...]:
    """The cameras that the retained manifest names."""
    connection = mosquitto.connection("reconstructor")
    manifest = decode((await list_retained(connection, PROJECT)).manifest, Manifest)
    return cameras_of(await retained_pages(connection, CAMERA_PAGE, CameraPage, manifest.camera_pages))


async def retained_generations(mosquitto: Mosquitto) -> set[int]:
    """Generations of which the broker retains any shard."""
    retained = await list_retained(mosquitto.connection("reconstructor"), PROJECT)
    return {key.generation for key in retained.digests}


async def join(connection: Connection) -> Manifest:
    """Look as a late joiner does: the manifest, its pages, then every shard that they name, each byte for byte."""
    async with asyncio.timeout(PATIENCE_S), follow(connection) as follower:
        await follower.subscribe(SPACE.topic(PROJECT, REFERENCE.template))
        messages = follower.messages()
        manifest = decode((await anext(messages)).payload, Manifest)
        pages = {SPACE.topic(PROJECT, MANIFEST_PAGE.template, page=each): each for each in manifest.shard_pages}
        read: dict[PageDigest, Page[ManifestPage]] = {}
        await follower.subscribe(*pages)
        while len(read) < len(pages):
            message = await anext(messages)
            if message.topic in pages:
                read[pages[message.topic]] = read_page(message.payload, pages[message.topic], ManifestPage)
        wanted = {
            shard_topic(manifest.generation, each.encoding, entry.index): each.sha256
            for entry in shards_of(read.values())
            for each in entry.encodings
        }
        await follower.subscribe(*wanted)
        seen: dict[str, str] = {}
        async for message in messages:
            if message.topic in wanted:
                seen[message.topic] = sha256(message.payload)
            if len(seen) == len(wanted):
                break
        assert seen == wanted
        return manifest


def shard_topic(generation: int, encoding: Encoding, index: int) -> str:
    """Where one shard is retained."""
    return SPACE.topic(PROJECT, SHARD.template, generation=generation, encoding=encoding.value, index=index)
