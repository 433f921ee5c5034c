"""`cairn project …`: look at the projects of a system, lead them, keep them and end them."""

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from admin.installation import Installation
from admin.projects.overview import lines, overview_of
from admin.projects.serving import Place, list_above
from admin.system import System
from broker.accounts.audit import Action
from broker.config import BadSettingsError, Connection
from broker.files import keep_private
from broker.ids import ProjectId, Verb
from broker.logs import LogLevel, configure
from broker.options import BrokerHost, BrokerPort, PasswordFile, User, broker_flags
from broker.printable import printable
from reconstructor.storage.durable_files import StoreError, make_folder
from viewer.asking import ask_once

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Look at projects, lead, keep and end them.")

Project = Annotated[str, typer.Argument(metavar="PROJECT", help="The project.")]
Folder = Annotated[Path, typer.Option("--folder", help="Where cairn.toml and the data are.")]
DataDir = Annotated[Path | None, typer.Option("--data", help="The reconstructor's folder.", show_default=False)]
_HERE: Final = Path()
_SUFFIX: Final = ".cairn"
_DAY_S: Final = 86_400.0


@app.command("list")
def list_projects(folder: Folder = _HERE, data: DataDir = None) -> None:
    """List the projects: whether each is served, its images, its size, the last photograph, what waits."""
    for line in lines(_place(folder, data)):
        print(printable(line))


@app.command()
def status(project: Project, folder: Folder = _HERE, data: DataDir = None) -> None:
    """Print how a project stands, as JSON; also while the service works on it."""
    print(overview_of(_place(folder, data), ProjectId(project)).model_dump_json())


@app.command()
def title(
    project: Project,
    text: Annotated[
        str | None, typer.Argument(metavar="[TITLE]", help='What people call it; "" for its id alone.')
    ] = None,
    folder: Folder = _HERE,
    data: DataDir = None,
) -> None:
    """Print a project's title, or give it one in any script; the page shows it instead of the id."""
    from reconstructor.storage.title import checked_title, write_title  # noqa: PLC0415 - likewise

    place, name = _place(folder, data), ProjectId(project)
    if text is None:
        print(printable(overview_of(place, name).title or name))
        return
    checked = checked_title(text)
    write_title(place.folder(name), checked)
    place.note(Action.PROJECT_TITLED, name, title=checked)
    print(f"{name}: {printable(checked)}" if checked else f"{name} has no title")


def _asking(verb: Verb, purpose: str) -> None:
    def command(
        project: Project,
        folder: Folder = _HERE,
        broker: BrokerHost = None,
        broker_port: BrokerPort = None,
        user: User = None,
        password_file: PasswordFile = None,
    ) -> None:
        configure(level=LogLevel.ERROR)
        flags = broker_flags(broker, broker_port, user, password_file)
        connection = Connection.model_validate(flags) if flags else Installation.load(System(folder.resolve())).operator
        asyncio.run(ask_once(connection, ProjectId(project), verb))
        print(f"{project}: {verb} is done")

    app.command(str(verb), help=purpose)(command)


_asking(Verb.PAUSE, "Let a project's photographs wait; they are stored all the same.")
_asking(Verb.RESUME, "Go on with a paused project.")
_asking(Verb.REFETCH, "Reconstruct a project again from all its photographs.")


@app.command()
def backup(
    project: Project,
    out: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Default: PROJECT-TIME.cairn here.")] = None,
    folder: Folder = _HERE,
    data: DataDir = None,
) -> None:
    """Write a project into one file, also while the service works on it."""
    from reconstructor.lifecycle.backup import write_backup  # noqa: PLC0415 - `--help` needs no numerics

    place, name = _place(folder, data), ProjectId(project)
    made = write_backup(
        place.folder(name), name, out or Path(_file_name(name)), reserve_bytes=place.settings.disk_reserve_bytes
    )
    print(f"{made.file}\t{made.image_count} images, {made.size_bytes / 1e6:.1f} MB")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup, or what `archive` wrote.")],
    name: Annotated[
        str | None, typer.Option("--as", metavar="PROJECT", help="Another name; needs --without-black-box.")
    ] = None,
    is_bare: Annotated[
        bool,
        typer.Option(
            "--without-black-box",
            help="Leave out the black box's own files, which nobody can check; everything is reconstructed again.",
        ),
    ] = False,
    folder: Folder = _HERE,
    data: DataDir = None,
) -> None:
    """Bring a project back from a file; everything in it is checked first."""
    from reconstructor.composition import decoders_of  # noqa: PLC0415 - likewise
    from reconstructor.lifecycle.restoring import Restored, restore_backup  # noqa: PLC0415 - likewise

    place = _place(folder, data)

    async def run() -> Restored:
        async with decoders_of(place.settings) as decoders:
            wanted = ProjectId(name) if name is not None else None
            make_folder(place.settings.data_dir)
            return await restore_backup(
                file, place.settings.data_dir, decoders.inspect, project=wanted, with_black_box=not is_bare
            )

    restored = asyncio.run(run())
    place.note(Action.PROJECT_RESTORED, restored.project, file=file.name, images=restored.image_count)
    print(f"{restored.folder}\t{restored.image_count} images{_how_to_serve(place, restored.project)}")
    if restored.left_out_count:
        reason = "everything is reconstructed again, so that their places are not known; the backup keeps them"
        print(f"{restored.left_out_count} measures and notes are left out: {reason}", file=sys.stderr)


@app.command("import")
def import_project(
    project: Project,
    images: Annotated[Path, typer.Argument(metavar="FOLDER", help="Images, such as `images` of a project's folder.")],
    folder: Folder = _HERE,
    data: DataDir = None,
) -> None:
    """Make a project from nothing but its images; exit 1 when one of them was refused."""
    from reconstructor.composition import decoders_of, open_store  # noqa: PLC0415 - likewise
    from reconstructor.lifecycle.image_import import Imported, import_images  # noqa: PLC0415 - likewise

    place, name = _place(folder, data), ProjectId(project)

    async def run() -> Imported:
        make_folder(place.settings.data_dir)
        store = await open_store(place.settings, name)
        try:
            async with decoders_of(place.settings) as decoders:
                return await import_images(images, store, decoders.inspect)
        finally:
            store.close()

    done = asyncio.run(run())
    place.note(Action.PROJECT_IMPORTED, name, images=done.taken)
    for line in done.refused:
        print(printable(line), file=sys.stderr)
    print(f"{place.folder(name)}\t{done.taken} images taken, {done.known} known{_how_to_serve(place, name)}")
    raise typer.Exit(1 if done.refused else 0)


@app.command()
def move(
    project: Project,
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="The data folder of the other reconstructor.")],
    settings: Annotated[
        Path | None,
        typer.Option("--settings", help="The cairn.toml of the other one.", show_default="the one above FOLDER"),
    ] = None,
    folder: Folder = _HERE,
    data: DataDir = None,
) -> None:
    """Move a project to another reconstructor at the same broker, also during capture."""
    place, name = _place(folder, data), ProjectId(project)
    other = settings or list_above(target)
    if place.list_file is not None and other.resolve() == place.list_file.resolve():
        raise BadSettingsError(f"{target} belongs to the same service: name the data folder of another one")
    moved = asyncio.run(place.move(name, target, other))
    place.note(Action.PROJECT_MOVED, name, folder=moved)
    print(f"{moved}\t{name} is moved; {other} lists it now")


@app.command()
def clean(
    project: Project,
    days: Annotated[float, typer.Option("--days", min=0, help="Only what is as old; an hour at least.")] = 0.0,
    is_removing: Annotated[bool, typer.Option("--remove", help="Remove it, instead of listing it.")] = False,
    folder: Folder = _HERE,
    data: DataDir = None,
) -> None:
    """List what is left over of older versions, copies and interruptions, or remove it; photographs never."""
    from reconstructor.storage.leftovers import leftovers, remove  # noqa: PLC0415 - likewise

    place, name = _place(folder, data), ProjectId(project)
    found = leftovers(place.folder(name), older_than_s=days * _DAY_S, now_s=time.time())
    for each in found:
        age = f"{each.age_s / _DAY_S:.1f} days old"
        print(f"{printable(str(each.path))}\t{each.what}, {each.size_bytes / 1e6:.1f} MB, {age}")
    if is_removing:
        freed_bytes = remove(found)
        staying = [each for each in found if each.path.exists()]
        place.note(Action.PROJECT_CLEANED, name, count=len(found) - len(staying), size_bytes=freed_bytes)
        print(f"{name}: {freed_bytes / 1e6:.1f} MB removed")
        if staying:
            raise StoreError(f"{len(staying)} could not be removed, {staying[0].path} for one: check the owner")
        return
    total = sum(each.size_bytes for each in found)
    by_itself = place.settings.retention_days
    when = f"the service removes it after {by_itself:g} days" if by_itself else "`--remove` removes it"
    print(
        f"{name}: {total / 1e6:.1f} MB are left over; {when}; photographs stay"
        if found
        else f"{name}: nothing is left over"
    )


@app.command()
def archive(
    project: Project,
    out: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Default: PROJECT-TIME.cairn here.")] = None,
    folder: Folder = _HERE,
    data: DataDir = None,
) -> None:
    """Put a project away into one file: it is served no longer, and its folder goes once the file was read again."""
    from reconstructor.lifecycle.backup import check_before, write_backup  # noqa: PLC0415 - likewise
    from reconstructor.lifecycle.restoring import check_backup  # noqa: PLC0415 - likewise

    place, name = _place(folder, data), ProjectId(project)
    file, reserve_bytes = out or Path(_file_name(name)), place.settings.disk_reserve_bytes
    check_before(place.folder(name), file, reserve_bytes=reserve_bytes)
    with place.listed_again(name):
        asyncio.run(place.stop_serving(name))
        write_backup(
            place.folder(name), name, file, reserve_bytes=reserve_bytes
        )  # here, so that Ctrl-C ends it at once
        try:
            check_backup(file)
        except BaseException:
            file.unlink(missing_ok=True)  # the next try has its name again
            raise
        told = _told(asyncio.run(place.remove(name)))
    place.note(Action.PROJECT_ARCHIVED, name, file=file.name)
    print(f"{file}\t{name} is archived; {told}")


@app.command()
def delete(
    project: Project,
    confirmed: Annotated[
        str | None, typer.Option("--confirm", metavar="PROJECT", help="Its name once more, instead of the question.")
    ] = None,
    folder: Folder = _HERE,
    data: DataDir = None,
) -> None:
    """Delete a project with all its photographs, after its name was given once more."""
    place, name = _place(folder, data), ProjectId(project)
    seen = overview_of(place, name)
    if confirmed is None:
        question = f"{name} has {seen.stored.images} images, which nothing brings back. Its name once more"
        confirmed = typer.prompt(question)
    if confirmed != name:
        raise BadSettingsError(f"{confirmed!r} is not {name!r}: nothing was deleted")

    async def run() -> int | None:
        await place.stop_serving(name)
        return await place.remove(name)

    with place.listed_again(name):
        told = _told(asyncio.run(run()))
    place.note(Action.PROJECT_DELETED, name, images=seen.stored.images)
    print(f"{name} is deleted; {told}")


def _place(folder: Path, data: Path | None) -> Place:
    keep_private()
    configure(level=LogLevel.WARNING)
    return Place.of(folder, data)


def _file_name(project: ProjectId) -> str:
    return f"{project}-{datetime.now(UTC):%Y%m%d-%H%M%S}{_SUFFIX}"


def _told(count: int | None) -> str:
    if count is None:
        return "the broker could not be asked: what it retains stays until it is cleared there"
    return f"{count} retained messages were cleared"


def _how_to_serve(place: Place, project: ProjectId) -> str:
    return "" if project in place.served else f"; serve it with `cairn init {project}`"
