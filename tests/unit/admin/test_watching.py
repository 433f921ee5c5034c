"""What `mosquitto_sub` needs to log in as `ops` follows cairn.toml, also after somebody changed it."""

from pathlib import Path

from admin.system import Ports, System
from admin.watching import write_watching_options
from broker.ids import ProjectId


def test_the_options_follow_port_and_password_of_the_system(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.add_project(ProjectId("chapel"), Ports(mqtt=1999, tls=None, page=8080))
    folder = write_watching_options(system)
    password = system.password_file("ops").read_text().strip()
    for name in ("mosquitto_sub", "mosquitto_pub", "mosquitto_rr"):
        assert f"-h 127.0.0.1\n-p 1999\n-V mqttv5\n-u ops\n-P {password}\n" in (folder / name).read_text()
    text = system.settings_file.read_text().replace("port = 1999", 'port = 2999\nroot = "site/v1"', 1)
    system.settings_file.write_text(text)
    write_watching_options(system)
    assert "-p 2999\n" in (folder / "mosquitto_pub").read_text()
    assert "-T site/v1/+/shard/+/+/+\n" in (folder / "mosquitto_sub").read_text()
