"""What an operator reads about rigs that photograph at one instant, and how the instant is given."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from admin.rigs.cli import _read_instant, _words
from admin.rigs.commands import Answered
from broker.ids import AgentId, ImageId, ProjectId, RequestId
from broker.rig_messages import CaptureReport, CommandReply

AT = datetime(2026, 11, 28, 10, 30, tzinfo=UTC)
IMAGE = ImageId.build(session="rig-north-1", sequence=7, sha256="0" * 64)


def answered(*, code: str | None = None, after_s: float | None = None, images: tuple[ImageId, ...] = ()) -> Answered:
    fired_at = AT + timedelta(seconds=after_s) if after_s is not None else None
    report = CaptureReport(
        capture_at=AT, capture_id=RequestId("c1"), fired_at=fired_at, deviation_s=after_s, image_ids=images
    )
    reply = CommandReply(
        project=ProjectId("chapel"),
        id=RequestId("c1"),
        agent=AgentId("rig-north"),
        is_done=code is None,
        code=code,
        reason="it was so" if code else None,
        report=report,
    )
    return Answered(rig=reply.agent, reply=reply)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            answered(after_s=0.012, images=(IMAGE,)),
            f"fired at 10:30:00.012000 UTC, +12 ms from the instant: {IMAGE}",
        ),
        (answered(code="camera_busy"), "did not fire: it was so"),
        (
            answered(code="camera_failed", after_s=0.5),
            "fired at 10:30:00.500000 UTC, +500 ms from the instant, but: it was so",
        ),
        (Answered(rig=AgentId("rig-north"), reply=None), "no answer"),
        (Answered(rig=AgentId("rig-north"), reply=None, has_accepted=True), "accepted, but no report came"),
    ],
)
def test_each_rigs_report_is_one_line(said: Answered, words: str) -> None:
    assert _words(said) == words


def test_an_instant_needs_its_time_zone() -> None:
    assert _read_instant(None) is None
    assert _read_instant("2026-11-28T11:30:00+01:00") == AT
    for text in ("soon", "2026-11-28T10:30:00"):
        with pytest.raises(typer.BadParameter):
            _read_instant(text)
