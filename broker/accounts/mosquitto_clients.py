"""How do `mosquitto_sub`, `mosquitto_pub` and `mosquitto_rr` log in without a password in `ps`? By option files that they read themselves."""

from pathlib import Path
from typing import Final

from broker.config import Connection
from broker.contract import CHANNELS
from broker.files import write_durably

PROGRAMS: Final = ("mosquitto_sub", "mosquitto_pub", "mosquitto_rr")


def write_client_options(folder: Path, connection: Connection) -> None:
    """Write the option files of the three programs, for `XDG_CONFIG_HOME=FOLDER mosquitto_sub …`; only the owner may read them.

    `mosquitto_sub` leaves out every topic whose payload is not text, so that a terminal shows JSON alone. All speak MQTT 5:
    with the earlier protocol, their default, `mosquitto_pub` is silent when the broker refuses a message.

    Raises:
        BadSettingsError: the account's password file cannot be read.
        OSError: the folder cannot be written.
    """
    account = [f"-h {connection.host}", f"-p {connection.port}", "-V mqttv5"]
    if connection.username is not None:
        account += [f"-u {connection.username}", f"-P {connection.secret()}"]
    if connection.ca_file is not None:
        account.append(f"--cafile {connection.ca_file.resolve()}")
    hidden = [f"-T {connection.space.filter(each.template)}" for each in CHANNELS if not each.is_json]
    lines = dict.fromkeys(PROGRAMS, account) | {"mosquitto_sub": [*account, *hidden]}
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(folder, {name: ("\n".join(lines[name]) + "\n").encode() for name in PROGRAMS}, mode=0o600)
