"""Is another rig with our name noticed, and nothing of our own taken for one?"""

import time

import pytest

from broker.clients import backoff
from broker.ids import AgentId, ProjectId
from broker.rig_messages import AgentPresence, AgentState
from edge_agent.control.name_watch import NameWatch

OURS, SESSION = "a" * 16, "rig-north-aaaaaa"


def state(run_id: str, presence: AgentPresence = AgentPresence.ONLINE, session: str = "rig-north-bbbbbb") -> AgentState:
    return AgentState(
        project=ProjectId("chapel"),
        agent=AgentId("rig-north"),
        boot_id="b",
        run_id=run_id,
        session=session,
        presence=presence,
    )


def is_contested(watch: NameWatch) -> bool:
    return watch.is_contested


@pytest.fixture
def watch() -> NameWatch:
    """A watch whose own state has come back already."""
    watch = NameWatch(OURS, SESSION)
    watch.note(state(OURS), is_retained=False)
    return watch


def test_a_state_of_another_run_is_a_rig_with_our_name(watch: NameWatch) -> None:
    assert not is_contested(watch)
    assert watch.note(state("other"), is_retained=False)
    assert is_contested(watch)
    assert "another rig has our name since" in watch.sentence
    assert not watch.note(state("other"), is_retained=False), "it is no news the second time"


def test_a_copied_card_is_told_from_another_rig(watch: NameWatch) -> None:
    watch.note(state("other", session=SESSION), is_retained=False)
    assert "copy of our card" in watch.sentence


def test_what_our_earlier_run_left_is_not_another_rig() -> None:
    watch = NameWatch(OURS, SESSION)
    assert not watch.note(state("earlier"), is_retained=True)
    assert not watch.note(state("earlier"), is_retained=False), "delivered again before our own state came back"
    watch.note(state(OURS), is_retained=False)
    watch.note(state("earlier", AgentPresence.OFFLINE), is_retained=False)  # a late last will
    assert not is_contested(watch)
    watch.begin_connection()
    assert not watch.note(state("earlier"), is_retained=False)


def test_it_is_over_when_the_other_one_ends_or_is_silent(watch: NameWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.note(state("other"), is_retained=False)
    watch.note(state("third", AgentPresence.OFFLINE), is_retained=False)
    assert is_contested(watch)
    watch.note(state("other", AgentPresence.OFFLINE), is_retained=False)
    assert not is_contested(watch)
    watch.note(state("other"), is_retained=False)
    now_s = time.monotonic() + backoff.UNCONTESTED_AFTER_S
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    assert not is_contested(watch)
