"""What is a report written in? Pieces of HTML: tables, figures with their captions, paragraphs, and the page around them."""

import html
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #ddd;
vertical-align:top}td.number{text-align:right}figure{display:inline-block;margin:.4rem;vertical-align:top}
figure.wide,figure.wide img{max-width:100%}figcaption,.soft{color:#555;font-size:.85rem}@media print{body{margin:0}}
"""
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def page_of(title: str, parts: Iterable[str]) -> str:
    """The complete page; the parts are HTML, the title is text."""
    return _PAGE.format(title=html.escape(title), style=_STYLE, body="\n".join(parts))


def heading(words: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{html.escape(words)}</h{level}>"


def time(instant: float) -> str:
    """An instant in seconds of the wall clock, in UTC."""
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%d %H:%M}"


def table(head: Sequence[str] | None, rows: Iterable[Sequence[str]]) -> str:
    """A table with rows of texts; without a head the first column says what the second one is."""
    lines = ["<table>"]
    if head is not None:
        lines.append("<tr>" + "".join(f"<th>{html.escape(each)}</th>" for each in head) + "</tr>")
    lines += ["<tr>" + "".join(f"<td>{html.escape(each)}</td>" for each in row) + "</tr>" for row in rows]
    return "\n".join([*lines, "</table>"])


def figure(jpeg: bytes, words: str, *, is_wide: bool = False) -> str:
    """A JPEG in the file itself, with its caption."""
    source = f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
    kind = ' class="wide"' if is_wide else ""
    shown = html.escape(words)
    return f'<figure{kind}><img src="{source}" alt="{shown}"><figcaption>{shown}</figcaption></figure>'


def paragraph(words: str) -> str:
    """A paragraph."""
    return f"<p>{html.escape(words)}</p>"


def soft(words: str) -> str:
    """A paragraph in small print."""
    return f'<p class="soft">{html.escape(words)}</p>'
