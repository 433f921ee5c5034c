"""Which JSON do a rig and its operators exchange? Presence, description, health, commands and settings."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from broker.envelope import HARMLESS, Count, Instant, Message, Sentence, WireModel, Word
from broker.ids import AgentId, ImageId, RequestId


class AgentPresence(StrEnum):
    """Whether an agent is there."""

    ONLINE = "online"
    OFFLINE = "offline"


class AgentState(Message):
    """An agent's birth message and last will."""

    type: Literal["agent_state"] = "agent_state"
    agent: AgentId
    boot_id: Annotated[str, Field(max_length=64), HARMLESS]
    run_id: Annotated[str, Field(max_length=64), HARMLESS] = ""
    session: Annotated[str, Field(max_length=39), HARMLESS] = ""
    presence: AgentPresence
    is_capturing: bool = False
    is_finished: bool = False  # offline because its work is done
    reason: Sentence | None = None


class AgentDescription(Message):
    """What an agent is made of."""

    type: Literal["agent_description"] = "agent_description"
    agent: AgentId
    program_version: Annotated[str, Field(max_length=64), HARMLESS]
    camera: Annotated[str, Field(max_length=128), HARMLESS]
    machine: Annotated[str, Field(max_length=256), HARMLESS]


class AgentHealth(Message):
    """An agent's figures, every 30 seconds."""

    type: Literal["agent_health"] = "agent_health"
    agent: AgentId
    captured_count: Count
    kept_count: Count
    dropped_count: Count
    sent_count: Count
    stored_count: Count
    rejected_count: Count
    spool_count: Count
    spool_bytes: Count
    held_count: Count = 0  # photographs that wait for another project or broker, and are not sent
    preview_count: Count = 0  # photographs that wait while their previews are with the reconstructor
    spool_oldest_s: float | None = None
    disk_free_bytes: Count
    memory_bytes: Count
    load_ratio: float | None = None
    temperature_deg: float | None = None
    battery_ratio: Annotated[float, Field(ge=0, le=1)] | None = None  # null: it has none, or does not tell
    is_throttled: bool | None = None
    is_clock_synchronised: bool | None = None
    reconnect_count: Count
    camera_restart_count: Count = 0
    left_out_count: Count = 0
    receipt_s: float | None = None
    alarms: tuple[Word, ...] = ()
    last_error: Sentence | None = None


class Command(Message):
    """Ops tell an agent to do something; late and retained commands are ignored."""

    type: Literal["command"] = "command"
    id: RequestId
    verb: Literal["capture", "capture_at", "pause", "resume", "cancel", "reboot"]
    deadline_at: Instant
    capture_at: Instant | None = None
    image_count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    capture_id: RequestId | None = None  # of the photographs that several rigs take at capture_at


class CaptureReport(WireModel):
    """How a rig kept to the instant of a `capture_at`; without `fired_at`, its camera was not asked."""

    capture_at: Instant
    capture_id: RequestId
    fired_at: Instant | None = None
    deviation_s: float | None = None
    image_count: Count = 0
    image_ids: Annotated[tuple[ImageId, ...], Field(max_length=64)] = ()  # the first ones


class CommandReply(Message):
    """An agent's answer to one command; of a `capture_at` the first says that it waits, a second one reports."""

    type: Literal["command_reply"] = "command_reply"
    id: RequestId
    agent: AgentId
    is_done: bool
    code: Word | None = None
    reason: Sentence | None = None
    report: CaptureReport | None = None


class AgentSettings(WireModel):
    """What ops may change on a rig; None leaves a field as it is."""

    interval_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    blur_ratio: Annotated[float, Field(ge=0, le=1)] | None = None
    duplicate_bits: Annotated[int, Field(ge=0, le=64)] | None = None
    is_gps_stripped: bool | None = None
    jpeg_quality: Annotated[int, Field(ge=50, le=100)] | None = None


class RefusedField(WireModel):
    """A wish that was not followed, and why."""

    field: Annotated[str, Field(max_length=64), HARMLESS]
    reason: Sentence


class DesiredSettings(Message):
    """What ops want of an agent."""

    type: Literal["desired_settings"] = "desired_settings"
    version: Count
    settings: AgentSettings


class ReportedSettings(Message):
    """What an agent runs with."""

    type: Literal["reported_settings"] = "reported_settings"
    agent: AgentId
    version: Count
    settings: AgentSettings
    refused: tuple[RefusedField, ...] = ()
