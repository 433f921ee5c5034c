"""How does the person who runs a system watch it? With `mosquitto_sub` as `ops`: its options lie beside the passwords."""

from pathlib import Path

from admin.system import System
from broker.accounts.mosquitto_clients import write_client_options
from broker.config import BadSettingsError, Connection


def write_watching_options(system: System) -> Path:
    """Write what `mosquitto_sub` and `mosquitto_pub` need to log in as `ops`; returns the folder.

    Raises:
        BadSettingsError: cairn.toml or the password cannot be read, or the folder cannot be written.
    """
    broker = system.settings().get("broker", {})
    given = {name: broker[name] for name in ("port", "root") if name in broker}
    folder = system.data / "secrets" / "ops.mosquitto"
    connection = Connection(username="ops", password_file=system.password_file("ops"), **given)
    try:
        write_client_options(folder, connection)
    except OSError as exc:
        raise BadSettingsError(f"cannot write {folder}: {exc.strerror}") from exc
    return folder
