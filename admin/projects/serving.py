"""How is a project taken from a running service? It goes off the list in cairn.toml, and the service lets go of its folder."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from admin.system import System
from broker.accounts.audit import Action, AuditLog
from broker.config import SETTINGS_VARIABLE, BadSettingsError, Connection, settings_file
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.logs import get_logger
from broker.projects.project_list import SERVING, ProjectList
from reconstructor.config import Settings
from reconstructor.lifecycle.moving import Move
from reconstructor.lifecycle.removal import clear_retained, put_away, session_of, until_free

LET_GO_S: Final = 30.0
_WRITER: Final = ("reconstructor",)
_PASSES: Final = 2  # the second takes what came during the first: little is left for the moment without a service
_LEVELS: Final = 3  # of folders between a system's settings and its reconstructor's data


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where projects are: the reconstructor's settings, with the data folder, and the file that lists what is served."""

    settings: Settings
    list_file: Path | None

    @classmethod
    def of(cls, folder: Path, data: Path | None) -> "Place":
        """The place of the system in this folder, or of a data folder alone; raises BadSettingsError."""
        file = System(folder.resolve()).settings_file
        if file.exists():
            os.environ[SETTINGS_VARIABLE] = str(file.resolve())
        return cls(settings=Settings.load(data_dir=data), list_file=settings_file())

    def folder(self, project: ProjectId) -> Path:
        """The project's own folder."""
        return self.settings.data_dir / project

    @property
    def served(self) -> tuple[ProjectId, ...]:
        """What is listed to be served."""
        return self.settings.projects

    def note(self, action: Action, project: ProjectId, **details: object) -> None:
        """Write a deed into the reconstructor's audit log; who is at the machine is not known."""
        AuditLog(self.settings.data_dir).note(action, account=None, project=project, **details)

    async def stop_serving(self, project: ProjectId, programs: Collection[str] = SERVING) -> None:
        """Take a project off the lists of these programs and wait until no service has its folder.

        Raises:
            BadSettingsError: it is the only one on the list.
            StoreError: there is no such project, or a service that reads another list has it.
        """
        if self.list_file is not None and project in self.served:
            with ProjectList.changing(self.list_file) as listed:
                listed.remove(project, programs)
        await until_free(self.folder(project), LET_GO_S)

    async def move(self, project: ProjectId, data_dir: Path, other_list: Path) -> Path:
        """Move a project into the data folder of the service that reads another list; the pages' lists stay.

        Returns:
            Its folder there.

        Raises:
            BadSettingsError: it is the only one on the list, or the other list is not that of the service with this folder.
            StoreError: a folder or a disk says no; the project is where it was, and served.
        """
        move = Move(source=self.folder(project), data_dir=data_dir)
        check_list(other_list, data_dir)
        try:
            for _ in range(_PASSES):
                move.copy()  # in this thread: one that went on after the command was ended would not know of it
            await self.stop_serving(project, _WRITER)
            move.finish()
            try:
                _list(other_list, project)
            except BadSettingsError as exc:
                raise BadSettingsError(
                    f"{project} lies in {move.target} now, but nobody serves it: {exc.sentence}; add it to projects there"
                ) from exc
        finally:
            move.give_up()  # of a move that succeeded nothing is left to remove
            if self.folder(project).exists() and self.list_file is not None and project in self.served:
                _list(self.list_file, project)
        return move.target

    @contextlib.contextmanager
    def listed_again(self, project: ProjectId) -> Iterator[None]:
        """List a project again, for the programs that had it, when the block fails and its folder is still there."""
        before = self._programs_with(project)
        try:
            yield
        except BaseException:
            if self.list_file is not None and self.folder(project).exists() and self._programs_with(project) != before:
                _list(self.list_file, project, before)
                get_logger().warning("listed_again", project=project, file=str(self.list_file))
            raise

    def _programs_with(self, project: ProjectId) -> tuple[str, ...]:
        return ProjectList.read(self.list_file).programs_of(project) if self.list_file is not None else ()

    async def remove(self, project: ProjectId) -> int | None:
        """Remove a project that nobody serves; returns how many retained messages were cleared, None without a broker."""
        session = await asyncio.to_thread(session_of, self.folder(project), project)
        gone = put_away(self.folder(project))  # in this thread: a command that is ended knows whether it was done
        try:
            return await cleared(self.settings.broker, project, session)
        finally:
            await asyncio.to_thread(shutil.rmtree, gone, ignore_errors=True)


def list_above(data_dir: Path) -> Path:
    """The settings file of the service that has this data folder; raises BadSettingsError when none is near."""
    for parent in list(data_dir.resolve().parents)[:_LEVELS]:
        file = System(parent).settings_file
        if _data_dir_in(ProjectList.read(file)) == data_dir.resolve():
            return file
    raise BadSettingsError(f"no cairn.toml above {data_dir} says that a reconstructor has it: name it with --settings")


def check_list(file: Path, data_dir: Path) -> None:
    """Check that a settings file is that of the service with this data folder, and that it can be written.

    Raises:
        BadSettingsError: it is not, with what to name instead.
    """
    if not file.is_file():
        raise BadSettingsError(f"there is no {file}: name the cairn.toml of the service that has {data_dir}")
    listed = ProjectList.read(file)
    named = _data_dir_in(listed)
    if named is None:
        raise BadSettingsError(
            f"{file} has no table [reconstructor]: name the cairn.toml of the service with {data_dir}"
        )
    wanted = data_dir.resolve()
    is_mounted = not named.is_dir() and named.name == wanted.name  # here; its own machine calls it otherwise
    if named != wanted and not is_mounted:
        raise BadSettingsError(
            f"the reconstructor of {file} has {named}, not {data_dir}: name its file, or that folder"
        )
    listed.check_writable()


def _data_dir_in(listed: ProjectList) -> Path | None:
    """The data folder of the reconstructor that reads this file; None when the file is of none."""
    table = listed.document.get(_WRITER[0])
    if not isinstance(table, Mapping):
        return None
    named = table.get("data_dir", Settings.model_fields["data_dir"].default)
    return (listed.file.parent / str(named)).resolve()


def _list(file: Path, project: ProjectId, programs: Collection[str] = _WRITER) -> None:
    with ProjectList.changing(file) as listed:
        listed.add(project, programs)


async def cleared(connection: Connection, project: ProjectId, session: str) -> int | None:
    """How many messages were cleared; None when the broker could not be asked."""
    try:
        return await clear_retained(connection, project, session)
    except CairnError:
        return None
