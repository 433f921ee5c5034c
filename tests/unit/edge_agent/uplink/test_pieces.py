import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, cast

from broker.delivery import Delivery
from broker.ids import ImageId, ProjectId, SenderId
from broker.messages import Missing, MissingPieces
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from edge_agent.spool.index import SpooledImage, SpoolState
from edge_agent.uplink.pieces import PieceSender
from edge_agent.uplink.rate import Uplink, Window

MIB = 1024 * 1024


async def test_the_end_is_said_again_when_every_piece_is_there_and_no_receipt() -> None:
    """A quota, or a kill before the receipt: the pieces wait in the store, and nothing of them is missing."""
    content, receipt, steps = b"whole", asyncio.Event(), list[str]()
    digest = sha256(content).hexdigest()
    image = SpooledImage(
        image_id=ImageId.build(session="rig-north-1", sequence=1, sha256=digest),
        sequence=1,
        sha256=digest,
        size_bytes=len(content),
        content_type="image/jpeg",
        captured_at=datetime.now(UTC),
        file_name="1.jpg",
        source=None,
        state=SpoolState.WAITING,
    )

    class Broker:
        async def publish(self, outgoing: Outgoing, _timeout_s: float) -> Any:
            steps.append(outgoing.topic.rpartition("/")[2])
            if steps[-1] == "begin":
                nothing = MissingPieces(image_id=image.image_id, ranges=())
                sender.take_missing(Missing(project=ProjectId("field"), pieces=(nothing,)))
            else:
                receipt.set()

    uplink = Uplink(Window(image_count=1, size_bytes=MIB))
    uplink.attach(cast("Delivery", Broker()))
    space = TopicSpace()
    sender = PieceSender(uplink, space=space, project=ProjectId("field"), sender=SenderId("rig-north"))
    await asyncio.wait_for(sender.send(image, content, receipt), 10)
    assert steps == ["begin", "end"]
    assert receipt.is_set()
