"""How do other people's pages get the elements? A copy of the npm package `@cairn/viewer`, which every installation carries."""

import shutil
from importlib import resources
from pathlib import Path

from broker.errors import CairnError
from viewer.manifest_reader import PageMissingError


class CannotWriteElementsError(CairnError):
    """The elements cannot be written to the folder."""

    code = "cannot_write_elements"
    remedy = "Name a folder that you may write."


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
