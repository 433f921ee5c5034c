r"""How is foreign text shown in a log or on a terminal? Control and bidirectional signs become visible escapes.

A raw ESC changes a terminal, and U+202E (right-to-left override) makes a line read as another one. Both are shown as
`\x1b` and `\u202e`. Lone surrogates, which no encoder takes, are escaped, too.
"""

from types import MappingProxyType
from typing import Final

_BIDIRECTIONAL: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_LINE_ENDS: Final = (0x2028, 0x2029)
_CONTROLS: Final = (*range(0x20), *range(0x7F, 0xA0))
_SURROGATES: Final = range(0xD800, 0xE000)
_ESCAPES: Final = MappingProxyType(
    {
        number: f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}"  # noqa: PLR2004 - one byte
        for number in (*_CONTROLS, *_BIDIRECTIONAL, *_LINE_ENDS, *_SURROGATES)
    }
    | {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}
)


def printable(text: str) -> str:
    """One line that is safe to show, also when a stranger wrote the text."""
    return text.translate(_ESCAPES)
