"""Foreign text changes no terminal and forges no line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import CairnError
from broker.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb\u2069", "a\\u202eb\\u2069"),
        ("one\r\ntwo\tthree\x00", "one\\r\\ntwo\\tthree\\x00"),
        ("\u2028\x85", "\\u2028\\x85"),
        ("\udcff", "\\udcff"),
        ("Tür, 東京, 👩\u200d🔧, नमस्ते", "Tür, 東京, 👩\u200d🔧, नमस्ते"),
    ],
)
def test_signs_are_escaped_and_words_of_every_language_stay(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(categories=("L", "N", "P", "S", "C", "Z"))))
def test_no_text_keeps_a_control_sign_or_a_line_end(text: str) -> None:
    kept = printable(text)
    assert not [sign for sign in kept if unicodedata.category(sign) in {"Cc", "Zl", "Zp", "Cs"}]
    assert not [sign for sign in kept if unicodedata.bidirectional(sign) in {"LRE", "RLE", "LRO", "RLO", "PDF"}]
    kept.encode()  # must not raise


def test_the_sentence_of_an_error_carries_no_such_sign() -> None:
    assert CairnError("a\u202eb\x1b[31m\n c").sentence == "a\\u202eb\\x1b[31m c"
