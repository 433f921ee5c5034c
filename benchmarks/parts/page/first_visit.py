"""What does a first visit of the page load? Everything of the built page but what is loaded when it is needed."""

import re
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("de", "es", "fr", "it")  # English comes with the page

_ON_DEMAND: Final = re.compile(r"""import\(\s*["'`]\./([^"'`]+\.js)["'`]\s*\)""")
_AT_ONCE: Final = re.compile(r"""(?:from|import)\s*["']\./([^"']+\.js)["']""")


def first_visit_bytes(dist: Path) -> int:
    """The gzipped bytes that a browser loads which has not seen the page, in the language with the most words.

    The page's own script and its workers, which no script imports, are loaded, with all that they import at once.
    """
    scripts = {path.name: path.read_text(encoding="utf-8") for path in dist.rglob("*.js")}
    at_once = {own: _AT_ONCE.findall(text) for own, text in scripts.items()}
    imported = {name for names in at_once.values() for name in names}
    imported |= {name for text in scripts.values() for name in _ON_DEMAND.findall(text)}
    front = [name for name in scripts if name not in imported]
    loaded: set[str] = set()
    while front:
        name = front.pop()
        if name not in loaded:
            loaded.add(name)
            front += at_once.get(name, [])
    sizes = {path.name.removesuffix(".gz"): path.stat().st_size for path in dist.rglob("*.gz")}
    tables = [size for name, size in sizes.items() if name.split("-")[0] in LANGUAGES]
    return sum(size for name, size in sizes.items() if name in loaded or name not in scripts) + max(tables, default=0)
