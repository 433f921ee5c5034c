"""How long from publishing a 4 MB photograph to its receipt? `python -m benchmarks.intake`: one line of JSON last."""

import argparse
import asyncio
import io
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from broker.accounts.access import Credential, User
from broker.config import Connection
from broker.contract import IMAGE, RECEIPT, RECONSTRUCTOR_STATE, match
from broker.delivery import Delivery
from broker.envelope import decode
from broker.ids import ProjectId
from broker.live import follow
from broker.logs import LogLevel, configure
from broker.messages import ReceiptStatus, ReconstructorPresence, ReconstructorState, UploadAcknowledged
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.outgoing import Outgoing
from reconstructor.config import Settings
from reconstructor.service import serve

PROJECT = ProjectId("bench")
IMAGE_COUNT = 30
READY_TIMEOUT_S = 30.0
BLACK_BOX = "benchmarks.intake:nothing"


def nothing(_image: str, _cloud: str, _image_id: str) -> str:
    """A black box that says the image waits: the figure is intake's alone."""
    folder = Path("waiting")
    folder.mkdir(exist_ok=True)
    (folder / "update.json").write_text("{}", encoding="ascii")
    return str(folder)


def photographs() -> list[bytes]:
    """Twelve megapixels with fine detail, about 4 MB each, as a phone takes them."""
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 256, (375, 500, 3), np.uint8)).resize(
        (4000, 3000), Image.Resampling.BICUBIC
    )
    payloads = []
    for number in range(IMAGE_COUNT):
        stream = io.BytesIO()
        coarse.putpixel((0, 0), (number, 0, 0))
        coarse.save(stream, "JPEG", quality=92, comment=f"photograph {number}".encode())
        payloads.append(stream.getvalue())
    return payloads


async def measure(mosquitto: Mosquitto, folder: Path) -> list[float]:
    """Seconds from publish to receipt of each photograph, one after the other."""
    connection = mosquitto.connection("reconstructor")
    settings = Settings.load(broker=connection, projects=(PROJECT,), data_dir=folder, black_box=BLACK_BOX)
    service = asyncio.create_task(serve(settings))
    rig = mosquitto.connection("rig-bench")
    space = rig.space
    receipts = space.filter(RECEIPT.template, PROJECT, sender="rig-bench")
    seconds = []
    async with Delivery(rig, client_id="rig-bench", subscriptions=(receipts,)) as delivery:
        await delivery.wait_connected(10)
        await until_ready(rig)
        messages = delivery.messages()
        for number, payload in enumerate(photographs()):
            topic = space.topic(PROJECT, IMAGE.template, sender="rig-bench", image_name=f"photo-{number}")
            began_s = time.perf_counter()
            await delivery.publish(Outgoing(topic=topic, payload=payload))
            receipt = await anext(messages)
            while match(space, receipt.topic).channel is not RECEIPT:  # how much may be under way, once
                receipt.acknowledge()
                receipt = await anext(messages)
            seconds.append(time.perf_counter() - began_s)
            receipt.acknowledge()
            if decode(receipt.payload, UploadAcknowledged).status is not ReceiptStatus.STORED:
                raise SystemExit(f"photograph {number} was not stored")
            await asyncio.sleep(0.1)
    service.cancel()
    await asyncio.gather(service, return_exceptions=True)
    return seconds


async def until_ready(connection: Connection) -> None:
    """Wait until the reconstructor takes images."""
    async with asyncio.timeout(READY_TIMEOUT_S), follow(connection) as follower:
        await follower.subscribe(connection.space.topic(PROJECT, RECONSTRUCTOR_STATE.template))
        async for message in follower.messages():
            if decode(message.payload, ReconstructorState).presence is ReconstructorPresence.READY:
                return


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    configure(level=LogLevel.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = BrokerPlan(data_dir=folder / "broker", port=free_port())
        people = [("reconstructor", "reconstructor"), ("rig-bench", "agent")]
        users = [Credential.fresh(User.build(each, role, [PROJECT])) for each, role in people]
        with Mosquitto(plan, users) as mosquitto:
            seconds = asyncio.run(measure(mosquitto, folder / "data"))
    size_mb = sum(map(len, photographs())) / IMAGE_COUNT / 1e6
    p50_s, p95_s = np.percentile(seconds, [50, 95])
    print(
        json.dumps(
            {
                "receipt_p50_ms": round(p50_s * 1000),
                "receipt_p95_ms": round(p95_s * 1000),
                "image_mb": round(size_mb, 2),
                "images": IMAGE_COUNT,
            }
        )
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
