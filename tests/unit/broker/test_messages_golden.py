"""The golden messages, which the page's vitest reads, too: both languages take and refuse the same."""

import copy
import json
from pathlib import Path
from typing import Any, Final

import pytest

from broker.envelope import MESSAGES, decode
from broker.errors import CairnError

FOLDER: Final = Path(__file__).resolve().parents[2] / "golden" / "messages"


def golden(message_type: str) -> dict[str, list[dict[str, Any]]]:
    loaded: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / f"{message_type}.json").read_text(encoding="utf-8"))
    return loaded


def altered(message: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """The first valid message with `value` at the path `at`; without a `value` that field is left out."""
    changed = copy.deepcopy(message)
    place: Any = changed
    for step in case["at"][:-1]:
        place = place[step]
    if "value" in case:
        place[case["at"][-1]] = case["value"]
    else:
        del place[case["at"][-1]]
    return changed


def test_every_model_has_its_golden_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == MESSAGES.keys()


@pytest.mark.parametrize("message_type", sorted(MESSAGES))
def test_valid_messages_are_read_with_their_defaults(message_type: str) -> None:
    for case in golden(message_type)["valid"]:
        message = decode(json.dumps(case["message"]).encode(), MESSAGES[message_type])
        assert json.loads(message.encode()) == case["read"], case["what"]


@pytest.mark.parametrize("message_type", sorted(MESSAGES))
def test_invalid_messages_are_refused_with_their_code(message_type: str) -> None:
    cases = golden(message_type)
    for case in cases["invalid"]:
        payload = json.dumps(altered(cases["valid"][0]["message"], case)).encode()
        with pytest.raises(CairnError) as caught:
            decode(payload, MESSAGES[message_type])
        assert caught.value.code == case["code"], case["what"]


@pytest.mark.parametrize("message_type", sorted(MESSAGES))
def test_no_field_lets_signs_through_that_change_a_terminal_or_the_reading_direction(message_type: str) -> None:
    model, message = MESSAGES[message_type], golden(message_type)["valid"][0]["message"]
    for field in model.model_fields:
        hostile = json.dumps(message | {field: "a\x1b[2J\u202eb"}).encode()
        try:
            taken = decode(hostile, model)
        except CairnError:  # it takes no such text at all
            continue
        assert not {"\x1b", "\u202e"} & set(str(getattr(taken, field, ""))), field
