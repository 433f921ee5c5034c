import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, cast

from broker.clients.limits import LARGEST_PACKET_BYTES
from broker.contract import MAX_PIECE_BYTES
from broker.delivery import Delivery
from broker.ids import ImageId, ProjectId, SenderId
from broker.messages import Missing, MissingPieces
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from edge_agent.spool.index import SpooledImage, SpoolState
from edge_agent.uplink.pieces import (
    LARGEST_SINGLE_BYTES,
    LEAST_PIECE_BYTES,
    PieceSender,
    piece_bytes_at,
    single_limit_bytes,
)
from edge_agent.uplink.rate import Uplink, Window

MIB = 1024 * 1024


def test_on_a_good_link_photographs_go_whole_up_to_four_megabytes() -> None:
    assert single_limit_bytes(50 * MIB, 30, 32 * MIB) == LARGEST_SINGLE_BYTES


def test_what_goes_whole_takes_a_quarter_of_the_keepalive_at_most() -> None:
    assert single_limit_bytes(20_000, 30, LARGEST_PACKET_BYTES) == 150_000


def test_nothing_goes_whole_that_the_broker_would_refuse() -> None:
    assert single_limit_bytes(50 * MIB, 30, MIB) < MIB


def test_pieces_grow_with_the_link_between_their_limits() -> None:
    assert piece_bytes_at(1_000, LARGEST_PACKET_BYTES) == LEAST_PIECE_BYTES
    assert piece_bytes_at(200_000, LARGEST_PACKET_BYTES) == 200_000
    assert piece_bytes_at(50 * MIB, LARGEST_PACKET_BYTES) == MAX_PIECE_BYTES
    assert piece_bytes_at(50 * MIB, 256 * 1024) < 256 * 1024
    assert piece_bytes_at(50 * MIB, 100) > 0


def test_a_link_may_become_twenty_times_slower_before_a_piece_outlasts_the_keepalive() -> None:
    rate, keepalive_s = 400_000.0, 30.0
    assert piece_bytes_at(rate, LARGEST_PACKET_BYTES) / (rate / 20) < 1.5 * keepalive_s


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
