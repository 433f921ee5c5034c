"""What does a first visit to the page load? All built files, and of the languages' tables the largest one."""

from pathlib import Path

LANGUAGES = ("de", "es", "fr", "it")


def first_visit_bytes(dist: Path) -> int:
    """The gzipped bytes that a browser loads which has not seen the page, in the language with the most words."""
    packed = [path for path in dist.rglob("*.gz") if path.stat().st_size > 0]
    tables = [path for path in packed if path.name.split("-")[0] in LANGUAGES]
    others = sum(path.stat().st_size for path in packed if path not in tables)
    return others + max((path.stat().st_size for path in tables), default=0)
