"""How does Home Assistant find a rig? By one retained MQTT discovery message for presence, health and thumbnail.

Device discovery, Home Assistant 2024.11 and later: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from importlib.metadata import version

from pydantic import BaseModel, ConfigDict

from broker.channel import discovery_outgoing
from broker.contract import AGENT_HEALTH, AGENT_STATE, AGENT_THUMBNAIL
from broker.ids import AgentId, ProjectId
from broker.outgoing import Outgoing
from broker.rig_messages import AgentPresence
from broker.topics import TopicSpace


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Device(_Model):
    identifiers: tuple[str, ...]
    name: str
    model: str
    manufacturer: str = "cairn"
    sw_version: str


class _Origin(_Model):
    name: str = "cairn"
    sw_version: str


class _Component(_Model):
    platform: str
    name: str
    unique_id: str
    state_topic: str | None = None
    topic: str | None = None  # a camera's
    value_template: str | None = None
    device_class: str | None = None
    unit_of_measurement: str | None = None
    payload_on: str | None = None
    payload_off: str | None = None


class _Discovery(_Model):
    device: _Device
    origin: _Origin
    components: dict[str, _Component]
    qos: int = 0


def discovery(prefix: str, space: TopicSpace, project: ProjectId, agent: AgentId, *, camera: str) -> Outgoing:
    """Build the retained message; the account needs `cairn broker user add --home-assistant` to publish it."""
    state, health, thumbnail = (
        space.topic(project, channel.template, agent=agent) for channel in (AGENT_STATE, AGENT_HEALTH, AGENT_THUMBNAIL)
    )
    known = _Discovery(
        device=_Device(identifiers=(agent,), name=agent, model=camera, sw_version=version("cairn")),
        origin=_Origin(sw_version=version("cairn")),
        components={
            "presence": _Component(
                platform="binary_sensor",
                name="Presence",
                unique_id=f"{agent}-presence",
                device_class="connectivity",
                state_topic=state,
                value_template="{{ value_json.presence }}",
                payload_on=AgentPresence.ONLINE,
                payload_off=AgentPresence.OFFLINE,
            ),
            "temperature": _Component(
                platform="sensor",
                name="Temperature",
                unique_id=f"{agent}-temperature",
                device_class="temperature",
                unit_of_measurement="°C",
                state_topic=health,
                value_template="{{ value_json.temperature_deg }}",
            ),
            "spool": _Component(
                platform="sensor",
                name="Photographs without receipt",
                unique_id=f"{agent}-spool",
                state_topic=health,
                value_template="{{ value_json.spool_count }}",
            ),
            "thumbnail": _Component(
                platform="camera", name="Last photograph", unique_id=f"{agent}-thumbnail", topic=thumbnail
            ),
        },
    )
    return discovery_outgoing(prefix, agent, known.model_dump_json(exclude_none=True).encode())
