"""How does a system run as services? Broker, reconstructor and page, each with a user that reads its own files only.

The page is what strangers reach. Its user can open the keeper's socket and exported files, and neither accounts,
photographs nor keys.
"""

from pathlib import Path
from typing import Final

from admin.system import System
from broker.service.install import Owner, Run, install, run_command
from broker.service.system_mosquitto import MOSQUITTO_USER
from broker.service.units import BadServicePathError, Unit

BROKER_USER: Final = "cairn-broker"
PAGE_USER: Final = "cairn-page"
RECONSTRUCTOR_USER: Final = "cairn-reconstructor"

_BROKER: Final = """\
Type=exec
# It saves what is persistent when it ends.
TimeoutStopSec=60
TasksMax=128
# Mosquitto itself refuses messages above 60 % of the memory.
MemoryMax=70%
PrivateDevices=yes"""

_RECONSTRUCTOR: Final = """\
Type=exec
# The service ends its black box (a child process) itself. 30 s let it finish the present image.
KillMode=mixed
TimeoutStopSec=30
# Each project has a black box with its threads.
TasksMax=8192
# The service ends a black box at reconstructor.memory_limit_bytes; this is for a machine that has less.
MemoryMax=80%
# A black box downloads weights into ~/.cache: this is its home folder.
CacheDirectory=cairn-reconstructor
Environment=HOME=%C/cairn-reconstructor
# A GPU needs the drop-in deploy/cairn-reconstructor-gpu.conf.
PrivateDevices=yes"""
_RECONSTRUCTOR_LIMITS: Final = """\
# The service itself tries a project that failed again. A service that ends again and again has unusable settings.
StartLimitIntervalSec=120
StartLimitBurst=5"""

_RENEWAL: Final = """\
Type=oneshot
# Certificates may be read by everybody; the keys are written with permissions of their own.
UMask=0022
TasksMax=32
MemoryMax=256M
PrivateDevices=yes"""

_PAGE: Final = """\
Type=exec
TimeoutStopSec=10
TasksMax=512
MemoryMax=1G
# It keeps shards as temporary files. Where /tmp is memory (Debian 13), they would count as memory of the service.
CacheDirectory=cairn-page
Environment=TMPDIR=%C/cairn-page
PrivateDevices=yes"""


def system_units(system: System) -> list[Unit]:
    """The services of one system."""
    data, settings_file = system.data.resolve(), system.settings_file.resolve()
    system_folder = _system_folder(system)
    renewal = Unit(
        name="renew",
        user=_broker_user(system),
        purpose="renewal of the certificate",
        words=("renew", "--folder", str(settings_file.parent)),
        settings_file=settings_file,
        writable=(data / "tls",),
        service_lines=_RENEWAL,
        schedule="hourly",  # also for a new address of this machine
    )
    return [
        *([renewal] if system.tls.folder.exists() else []),
        Unit(
            name="broker",
            user=_broker_user(system),
            purpose="broker: Mosquitto and its accounts",
            words=("broker", "start" if system_folder is None else "keep"),
            settings_file=settings_file,
            writable=(
                _folder(system, "broker", "data_dir"),
                *([system_folder / "cairn"] if system_folder is not None else []),
            ),
            service_lines=_BROKER,
        ),
        Unit(
            name="reconstructor",
            user=RECONSTRUCTOR_USER,
            purpose="reconstructor: images become shards",
            words=("reconstructor", "run"),
            settings_file=settings_file,
            writable=(_folder(system, "reconstructor", "data_dir"), _folder(system, "reconstructor", "export_dir")),
            unit_lines=_RECONSTRUCTOR_LIMITS,
            service_lines=_RECONSTRUCTOR,
        ),
        Unit(
            name="page",
            user=PAGE_USER,
            purpose="page server and MQTT relay",
            words=("view", "serve"),
            settings_file=settings_file,
            writable=(),
            service_lines=_PAGE,
        ),
    ]


def system_owners(system: System) -> list[Owner]:
    """Whom the parts of a system's data belong to while it runs as services."""
    data, person, broker_user = system.data.resolve(), str(system.folder.stat().st_uid), _broker_user(system)
    photographs, exports = _folder(system, "reconstructor", "data_dir"), _folder(system, "reconstructor", "export_dir")
    owners = [
        Owner(path=data, user="root", group="root", mode=0o755),
        # New files get the folder's group, so that the page may open the keeper's socket. All others are 0600.
        Owner(path=_folder(system, "broker", "data_dir"), user=broker_user, group=PAGE_USER, mode=0o2710, is_deep=True),
        Owner(path=photographs, user=RECONSTRUCTOR_USER, group=RECONSTRUCTOR_USER, mode=0o700, is_deep=True),
        # New files get the folder's group, so that the page may read them.
        Owner(path=exports, user=RECONSTRUCTOR_USER, group=PAGE_USER, mode=0o2750, is_deep=True),
        Owner(path=data / "secrets", user="root", group="root", mode=0o711),
    ]
    for name, user in (("page", PAGE_USER), ("reconstructor", RECONSTRUCTOR_USER), ("ops", person)):
        owners.append(Owner(path=system.password_file(name).resolve(), user=user, group="root", mode=0o600))
    watching = system.secrets / "ops.mosquitto"
    if watching.exists():
        owners.append(Owner(path=watching.resolve(), user=person, group="root", mode=0o700, is_deep=True))
    if system.tls.folder.exists():
        # A page that speaks TLS itself has the broker's certificate. Its group may read the key, and not the authority's.
        group = PAGE_USER if "certificate" in system.settings()["viewer"] else broker_user
        owners.append(Owner(path=data / "tls", user=broker_user, group=group, mode=0o2711, is_deep=True))
        modes = {system.tls.key: 0o640, system.tls.certificate: 0o644, system.tls.authority: 0o644}
        for path, mode in modes.items():
            owners.append(Owner(path=path.resolve(), user=broker_user, group=group, mode=mode))
    return owners


def install_system(system: System, *, run: Run = run_command, root: Path = Path("/"), is_changed: bool = False) -> None:
    """Install and start the services of a system; raises like `broker.service.install.install`.

    Args:
        system: what was set up.
        run: runs one command as root.
        root: where /etc is.
        is_changed: whether settings changed that programs read only when they start.
    """
    for folder in (_folder(system, "reconstructor", "data_dir"), _folder(system, "reconstructor", "export_dir")):
        folder.mkdir(parents=True, exist_ok=True)
    install(system_units(system), system_owners(system), run=run, root=root, is_changed=is_changed)


def _folder(system: System, program: str, setting: str) -> Path:
    """A folder that the settings name, in this system's own data by default.

    Raises:
        BadServicePathError: other programs' files lie in it, which its program would own.
    """
    own = {"data_dir": system.data / program, "export_dir": system.exports}
    named = Path(system.settings().get(program, {}).get(setting, own[setting]))
    folder = (system.folder / named).resolve()
    if system.data.resolve().is_relative_to(folder):
        raise BadServicePathError(
            f"{program}.{setting} is {folder}, where other programs have files: name one of its own"
        )
    return folder


def _system_folder(system: System) -> Path | None:
    """The settings of the system's own Mosquitto, when that is used."""
    folder = system.settings().get("broker", {}).get("system_folder")
    return Path(folder) if folder is not None else None


def _broker_user(system: System) -> str:
    """Who may read the accounts: our broker's user, or that of the system's Mosquitto, which may tell it to reload."""
    return BROKER_USER if _system_folder(system) is None else MOSQUITTO_USER
