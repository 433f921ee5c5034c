"""Which bytes are the page? Every built file, read once at start, with its type, digest, age and compressed forms.

The elements for other people's pages are built files, too: `write_elements` copies them, and nothing serves them.
"""

import gzip
import hashlib
import mimetypes
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Final

from broker.errors import CairnError

INDEX: Final = "index.html"
IMMUTABLE: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"
_HASHED_NAME: Final = re.compile(r"assets/(?:.*/)?[^/]+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
_PACKINGS: Final = {".br": "br", ".gz": "gzip"}
_LEAST_GAIN: Final = 0.9
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_PACKED_ALREADY: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".woff2", ".ico"})


class PageMissingError(CairnError):
    """The page has not been built."""

    code = "page_missing"
    remedy = "Run `make setup`: it builds the page."


class CannotWriteElementsError(CairnError):
    """The elements cannot be written to the folder."""

    code = "cannot_write_elements"
    remedy = "Name a folder that you may write."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file of the page.

    Attributes:
        content_type: with its charset, for text.
        cache_control: immutable when the name carries a digest, else revalidate.
        body_by_coding: the bytes as `identity`, `gzip` and `br`, as far as that pays.
        etag: weak, the same for every coding.
    """

    content_type: str
    cache_control: str
    body_by_coding: Mapping[str, bytes]
    etag: str

    def choose(self, accept_encoding: str) -> tuple[str, bytes]:
        """The smallest coding that the browser takes, and its bytes."""
        accepted = {coding for coding, weight in _weights(accept_encoding) if weight > 0} | {"identity"}
        coding = min(self.body_by_coding.keys() & accepted, key=lambda each: len(self.body_by_coding[each]))
        return coding, self.body_by_coding[coding]


def load_page() -> dict[str, Asset]:
    """The built page of this installation by path below `/`.

    Raises:
        PageMissingError: `viewer/web/dist` has no page; the message says how to build it.
    """
    return load_assets(resources.files("viewer") / "web" / "dist")


def load_assets(folder: Traversable) -> dict[str, Asset]:
    """Every file below a folder of a built page; raises like `load_page`."""
    files = dict(_walk(folder, "")) if folder.is_dir() else {}
    if INDEX not in files:
        raise PageMissingError("the page is not built: run `make setup`, or install cairn from its wheel")
    return {name: _asset(name, files) for name in files if PurePosixPath(name).suffix not in _PACKINGS}


def write_elements(folder: Path) -> list[Path]:
    """Copy the package into a folder, over an earlier copy; gives its files.

    Raises:
        PageMissingError: this installation has no built package.
        CannotWriteElementsError: the folder cannot be written.
    """
    with resources.as_file(resources.files("viewer") / "web/elements/dist") as built:
        if not (built / "package.json").is_file():
            raise PageMissingError("the elements are not built: run `make setup`, or install cairn from its wheel")
        try:
            shutil.copytree(built, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
        except OSError as exc:
            raise CannotWriteElementsError(f"cannot write the elements to {folder}: {exc}") from exc
        return sorted(folder / path.relative_to(built) for path in built.rglob("*") if path.is_file())


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        name = prefix + entry.name
        found += _walk(entry, f"{name}/") if entry.is_dir() else [(name, entry.read_bytes())]
    return found


def _asset(name: str, files: Mapping[str, bytes]) -> Asset:
    body, suffix = files[name], PurePosixPath(name).suffix
    bodies = {"identity": body}
    for ending, coding in _PACKINGS.items():
        if name + ending in files:
            bodies[coding] = files[name + ending]
    if "gzip" not in bodies and suffix not in _PACKED_ALREADY:
        packed = gzip.compress(body, mtime=0)
        if len(packed) < _LEAST_GAIN * len(body):
            bodies["gzip"] = packed
    return Asset(
        content_type=_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
        cache_control=IMMUTABLE if _HASHED_NAME.fullmatch(name) else REVALIDATE,
        body_by_coding=bodies,
        etag=f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
    )


def _weights(accept_encoding: str) -> list[tuple[str, float]]:
    """Codings and their weights (RFC 9110, 12.5.3); what cannot be read has weight 0."""
    weights: list[tuple[str, float]] = []
    for part in accept_encoding.lower().split(","):
        coding, _, parameter = part.strip().partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.[0-9]{0,3})?)\s*", parameter) if parameter else None
        weights.append((coding.strip(), float(quality[1]) if quality else float(not parameter)))
    return weights
