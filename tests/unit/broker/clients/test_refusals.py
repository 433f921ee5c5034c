"""Is each reason of a broker an error with its own code and something to do?"""

import pytest

from broker.clients.refusals import connection_refused, refusal_of
from broker.config import Connection


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [
        (0x97, "broker_full", "memory_limit"),
        (0x95, "packet_too_large", "max_packet_size"),
        (0x87, "publish_refused", "0x87"),
    ],
)
def test_a_refused_message_says_why_and_what_to_do(reason: int, code: str, words: str) -> None:
    refusal = refusal_of("cairn/v1/chapel/shard/1/ply/0", reason, "No")
    assert refusal.code == code
    assert words in refusal.sentence


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (0x84, "MQTT 5"),
        (0x86, "refuses 'anna': name or password do not fit"),
        (0x87, "refuses 'anna': name or password do not fit"),
        (0x9A, "retain"),
        (0x97, "full"),
        (0x80, "Odd; look at its log"),
    ],
)
def test_a_refused_connection_says_what_to_do(reason: int, words: str) -> None:
    assert words in connection_refused(Connection(username="anna"), reason, "Odd").sentence


def test_who_came_without_a_name_is_told_which_options_to_use() -> None:
    assert "say --user and --password-file" in connection_refused(Connection(), 0x87, "Not authorized").sentence
