"""How does cairn.toml say which rig this machine is? By `[edge]` and `[edge.broker]`, which joining writes."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Item

from broker.config import BadSettingsError
from broker.projects.settings_document import SettingsDocument
from edge_agent.config import CameraKind

FOLDER_CAMERAS: Final = frozenset({CameraKind.FOLDER, CameraKind.WATCH})
_EDGE: Final = "edge"
_BROKER: Final = "broker"
_NAMES: Final = ("project", "agent")  # which rig it is, and of which project


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What the file said of the rig before it joined again.

    Attributes:
        project: the project, agent and host that are no longer in the file, as far as it named them.
        kept: names of the settings that stay.
    """

    project: str
    agent: str
    host: str
    kept: tuple[str, ...]

    def sentences(self, file: Path) -> list[str]:
        """What was done, for people."""
        was = f"{self.agent or 'a rig'} of project {self.project or 'without a name'} at {self.host or '127.0.0.1'}"
        kept = (
            f"kept below [edge]: {', '.join(self.kept)}" if self.kept else "there were no other settings below [edge]"
        )
        return [f"removed from {file}: {was}", kept]


@dataclass(frozen=True, slots=True)
class RigTable:
    """The rig's tables of one settings file; changes are on the disk after the block of `changing`."""

    settings: SettingsDocument

    @classmethod
    def read(cls, file: Path) -> "RigTable":
        """Read a settings file. Raises BadSettingsError when it cannot be read, or `edge` is no table."""
        return cls(SettingsDocument.read(file)).checked()

    @classmethod
    @contextmanager
    def changing(cls, file: Path) -> "Iterator[RigTable]":
        """Change a settings file in a block, and write it when the block ends without an error; raises BadSettingsError."""
        with SettingsDocument.changing(file) as document:
            yield cls(document).checked()

    def checked(self) -> "RigTable":
        """This table; raises BadSettingsError when `edge` or its broker is no table."""
        if not isinstance(self._edge(), Mapping) or not isinstance(self._edge().get(_BROKER, {}), Mapping):
            raise BadSettingsError(f"{self.settings.file}: [edge] and [edge.broker] must be tables")
        return self

    @property
    def is_there(self) -> bool:
        """Whether the file has a rig."""
        return _EDGE in self.settings.document

    def check(self, camera: CameraKind | None, photos: Path | None) -> None:
        """Check, before an invitation is used, that the file can be changed and written, and that a folder has its camera.

        Raises:
            BadSettingsError: one of them is not so.
        """
        chosen = camera or self._edge().get("camera")
        if photos is not None and chosen not in FOLDER_CAMERAS:
            raise BadSettingsError("--photos names the folder of a camera that reads one: add --camera watch or folder")
        self._rehearse()
        self.settings.check_writable()

    def forget(self) -> Former:
        """Take out which rig it is and its broker; all other settings stay."""
        edge = self._edge()
        broker = edge.get(_BROKER, {})
        former = Former(
            project=str(edge.get("project", "")),
            agent=str(edge.get("agent", broker.get("username", ""))),
            host=str(broker.get("host", "")),
            kept=tuple(str(name) for name in edge if name not in {*_NAMES, _BROKER}),
        )
        for name in (*_NAMES, _BROKER):
            if name in edge:
                del edge[name]
        return former

    def set(self, rig: Mapping[str, object], broker: Mapping[str, object]) -> None:
        """Write settings of the rig and of its broker into the tables; None leaves one as it is."""
        if not self.is_there:
            self.settings.document[_EDGE] = tomlkit.table()
        edge = self._edge()
        edge.update({name: _plain(value) for name, value in rig.items() if value is not None})
        table = tomlkit.table()
        table.update({name: _plain(value) for name, value in broker.items() if value is not None})
        table.add(tomlkit.nl())
        edge[_BROKER] = table

    def wishes(self) -> list[str]:
        """What a person still has to choose."""
        camera = self._edge().get("camera")
        if camera is None:
            return [f'choose a camera: write camera = "…" below [edge] in {self.settings.file}']
        if camera in FOLDER_CAMERAS and "folder" not in self._edge():
            return [f'name its folder: write folder = "…" below [edge] in {self.settings.file}']
        return []

    def _rehearse(self) -> None:
        """Change a copy, because tables can be written in ways that cannot be changed; raises BadSettingsError."""
        file, text = self.settings.file, tomlkit.dumps(self.settings.document)
        copy = RigTable(SettingsDocument(file, tomlkit.parse(text)))
        wanted = {"project": "a", "agent": "rig-a", _BROKER: {"host": "a"}}
        try:
            if copy.is_there:
                copy.forget()
            copy.set({"project": "a", "agent": "rig-a"}, {"host": "a"})
            found = tomllib.loads(tomlkit.dumps(copy.settings.document))[_EDGE]
        except (TOMLKitError, ValueError, LookupError, TypeError):
            found = {}
        if {name: found.get(name) for name in wanted} != wanted:
            raise BadSettingsError(f"{file}: write [edge] and [edge.broker] as tables with headings of their own")

    def _edge(self) -> Any:
        return self.settings.document.get(_EDGE, {})


def _plain(value: object) -> Item:
    return tomlkit.item(value if isinstance(value, int) else str(value))
