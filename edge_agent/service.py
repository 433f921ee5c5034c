"""How does a rig run as a service? By one systemd unit, which reads the settings that `cairn edge join` wrote."""

import grp
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from broker.config import SETTINGS_VARIABLE
from broker.service.install import Owner, Run, install, run_command
from broker.service.units import Unit
from edge_agent.config import Settings

RIG_USER: Final = "cairn-edge"
# Debian and Raspberry Pi OS give cameras, USB devices and pins to these groups.
_DEVICE_GROUPS: Final = ("video", "plugdev", "gpio")
_EDGE: Final = """\
Type=notify
# A damaged index is made again from the photographs in the spool. All of them are read then, which takes longer than
# systemd's usual 90 s; any other start takes seconds.
TimeoutStartSec=1h
# The agent reports twice a minute that its event loop runs. After a minute without a report, systemd restarts it.
WatchdogSec=60
TimeoutStopSec=30
TasksMax=256
# The agent itself may use 120 MB; the rest is for the camera's child process.
MemoryMax=400M"""


def rig_unit(settings_file: Path, settings: Settings, groups: Iterable[str]) -> Unit:
    """The unit of a rig; its user joins those of these groups that own devices."""
    folder = settings_file.parent
    joined = " ".join(name for name in _DEVICE_GROUPS if name in set(groups))
    watched = [folder / settings.folder] if settings.folder is not None else []
    return Unit(
        name="edge",
        user=RIG_USER,
        purpose="edge agent: the camera of this rig",
        words=("edge", "run"),
        settings_file=settings_file,
        writable=(folder / settings.spool_dir,),
        readable=tuple(each for each in watched if each.exists()),  # a card may be put in later
        service_lines=_EDGE + (f"\nSupplementaryGroups={joined}" if joined else ""),
    )


def rig_owners(settings_file: Path, settings: Settings) -> list[Owner]:
    """Whom the rig's files belong to while it runs as a service."""
    folder = settings_file.parent
    owners = [Owner(path=folder / settings.spool_dir, user=RIG_USER, group=RIG_USER, mode=0o700, is_deep=True)]
    for path, mode in ((settings.broker.password_file, 0o600), (settings.broker.ca_file, 0o644)):
        if path is not None:
            owners.append(Owner(path=folder / path, user=RIG_USER, group=RIG_USER, mode=mode))
    return owners


def install_rig(settings_file: Path, *, run: Run = run_command, root: Path = Path("/")) -> str:
    """Install and start the unit of the rig whose settings are in this file; returns its user.

    Raises:
        BadSettingsError: the settings cannot be read, or name no project or rig.
        CairnError: see `broker.service.install.install`.
    """
    settings_file = settings_file.resolve()
    os.environ[SETTINGS_VARIABLE] = str(settings_file)
    settings = Settings.load()
    settings.named()
    unit = rig_unit(settings_file, settings, [each.gr_name for each in grp.getgrall()])
    (settings_file.parent / settings.spool_dir).mkdir(parents=True, exist_ok=True)
    install([unit], rig_owners(settings_file, settings), run=run, root=root)
    return unit.user
