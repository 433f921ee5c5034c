"""Home Assistant finds a rig, when rig and account are both told so."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.accounts.access import Credential, User
from broker.contract import AGENT_HEALTH, AGENT_STATE, AGENT_THUMBNAIL
from broker.delivery import Delivery, Incoming
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.rig_messages import AgentHealth
from tests.integration.edge_agent.receiver import PROJECT
from tests.integration.edge_agent.rig import RIG, running, settings_for, until, write_photographs

PREFIX = "homeassistant"
TOPIC = f"{PREFIX}/device/{RIG}/config"


@pytest.fixture(params=[PREFIX, None], ids=["allowed", "not allowed"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Mosquitto, bool]]:
    """A broker whose rig may, or may not, describe itself to Home Assistant."""
    users = [
        User.build(RIG, "agent", [PROJECT], home_assistant_prefix=request.param),
        User.build("home", "observer", [PROJECT], home_assistant_prefix=PREFIX),
        User.build("ops", "operator", [PROJECT]),
    ]
    plan = BrokerPlan(data_dir=tmp_path / "broker", port=free_port())
    with Mosquitto(plan, [Credential.fresh(user) for user in users]) as mosquitto:
        yield mosquitto, request.param is not None


async def test_a_rig_describes_itself_where_its_account_may(broker: tuple[Mosquitto, bool], tmp_path: Path) -> None:
    mosquitto, is_allowed = broker
    write_photographs(tmp_path / "photos", 1)
    # Home Assistant's own filter; the account is only given what the user book names
    async with Delivery(
        mosquitto.connection("home"), client_id="home", subscriptions=(f"{PREFIX}/+/+/config",)
    ) as home:
        await home.wait_connected(30)
        settings = settings_for(mosquitto, tmp_path, camera="watch", home_assistant_prefix=PREFIX)
        async with running(settings):  # a refusal is logged, the rig goes on
            await until(mosquitto, AgentHealth, lambda each: each.captured_count == 1)
            if not is_allowed:
                with pytest.raises(TimeoutError):
                    await _next(home, 1.0)
                return
            incoming = await _next(home, 30.0)
    assert incoming.topic == TOPIC
    known = json.loads(incoming.payload)
    assert known["device"]["identifiers"] == [RIG]
    assert set(known["components"]) == {"presence", "temperature", "spool", "thumbnail"}
    topics = {each.get("state_topic") or each["topic"] for each in known["components"].values()}
    channels = (AGENT_STATE, AGENT_HEALTH, AGENT_THUMBNAIL)
    assert topics == {mosquitto.plan.space.topic(PROJECT, each.template, agent=RIG) for each in channels}
    fields = set(AgentHealth.model_fields)
    templates = [known["components"][name]["value_template"] for name in ("temperature", "spool")]
    assert {each.removeprefix("{{ value_json.").removesuffix(" }}") for each in templates} <= fields


async def _next(delivery: Delivery, timeout_s: float) -> Incoming:
    async with asyncio.timeout(timeout_s):
        return await anext(delivery.messages())
