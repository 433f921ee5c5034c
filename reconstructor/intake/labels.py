"""What is a photograph called? A label: the name that its sender gives it, made fit to be a file's name on every system."""

from pathlib import PurePosixPath
from typing import Final

from broker.contract import FILE_NAME_PROPERTY
from broker.delivery import Incoming
from broker.ids import ImageName
from broker.printable import printable

_MOST_SIGNS: Final = 120  # of `file_name` in the cameras' pages
_MOST_BYTES: Final = 200  # file systems allow 255, and an export puts a number before equal names
_MOST_SUFFIX_BYTES: Final = 16
_NOT_IN_FILE_NAMES: Final = frozenset('/\\:*?"<>|')
_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10))]
)


def file_name_of(message: Incoming) -> str | None:
    """What the sender says the photograph's file is called; None when it says nothing."""
    return label_of(dict(message.user_properties).get(FILE_NAME_PROPERTY, ""))


def label_of(said: str) -> str | None:
    """A name as a label: signs that no file's name may carry become `_`; None when nothing is left.

    It is shortened before its suffix. A name that Windows keeps for a device gets a `_` in front.
    """
    shown = ImageName.shown(printable(said))
    plain = "".join("_" if sign in _NOT_IN_FILE_NAMES else sign for sign in shown).strip(" .")
    stem, suffix = PurePosixPath(plain).stem, PurePosixPath(plain).suffix
    if len(suffix.encode()) > _MOST_SUFFIX_BYTES:
        stem, suffix = plain, ""
    if stem.partition(".")[0].rstrip().lower() in _DEVICES:
        stem = f"_{stem}"
    shortened = stem.encode()[: _MOST_BYTES - len(suffix.encode())].decode(errors="ignore")
    return shortened[: _MOST_SIGNS - len(suffix)] + suffix or None
