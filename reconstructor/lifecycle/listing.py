"""What does a backup consist of? A tar of a listing, which comes first, and of the files that it names.

The listing gives the size and the sha256 of each file, so that a damaged backup is noticed. It does not make a backup
trusted: a person who writes a backup writes its listing, too. What a file may be called is decided here, in one expression.
"""

import re
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from broker.errors import CairnError
from broker.ids import ProjectId
from reconstructor.storage.past.generations import EARLIER
from reconstructor.storage.read_only import DATABASE_NAME

LISTING_NAME: Final = "cairn-backup.json"
LISTING_BYTES: Final = 256 * 1024 * 1024  # a million files
BLACK_BOX: Final = "black_box"
_NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}"
_PLACE: Final = re.compile(
    rf"{re.escape(DATABASE_NAME)}|(?:images|previews)/{_NAME}|generations/[0-9]{{6}}/{_NAME}"
    rf"|{EARLIER}/[0-9a-f]{{64}}\.packed|{BLACK_BOX}(?:/{_NAME}){{1,8}}"
)


class BadBackupError(CairnError):
    """A file that is no backup of a project, or a damaged one."""

    code = "bad_backup"
    remedy = "Use another backup; nothing was restored."


class ListedFile(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True)

    size_bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Listing(BaseModel):
    """What is in a backup.

    Attributes:
        files: by their place below the project's folder.
    """

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    project: ProjectId
    made_at: AwareDatetime
    files: dict[str, ListedFile]

    @classmethod
    def read(cls, payload: bytes) -> "Listing":
        """The listing of a backup; raises BadBackupError."""
        try:
            listing = cls.model_validate_json(payload)
        except ValidationError as exc:
            raise BadBackupError(f"the listing does not read: {exc.errors()[0]['msg']}") from exc
        for place in listing.files:
            check_place(place)
        if DATABASE_NAME not in listing.files:
            raise BadBackupError(f"there is no {DATABASE_NAME} in it")
        return listing


def check_place(place: str) -> None:
    """Raises BadBackupError for what is no place of a project's file, such as one outside its folder."""
    if not _PLACE.fullmatch(place) or str(PurePosixPath(place)) != place:
        raise BadBackupError(f"{place[:200]!r} is no place of a project's file")


def is_place(place: str) -> bool:
    """Whether a backup may hold a file there."""
    return _PLACE.fullmatch(place) is not None
