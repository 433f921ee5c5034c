"""A rig joins by the link of an invitation; the answer is checked before anything is written."""

import contextlib
import json
import socket
import ssl
import stat
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest.mock import AsyncMock

import pytest
from pydantic import SecretStr

from admin.certificates import TlsFiles
from broker.accounts.invitation_secret import BadInvitationError, Link, Secret
from broker.accounts.keeper_requests import Answered, JoinAnswer, Redemption
from broker.accounts.passwords import is_password
from broker.config import BadSettingsError
from broker.ids import AgentId, ProjectId
from edge_agent.config import CameraKind, Settings
from edge_agent.join import AlreadyJoinedError, Membership, ServerNotReachedError, join, redeem, write_settings
from edge_agent.rig_table import Former, RigTable

SECRET = Secret("A" * 24)
ANSWER = JoinAnswer(user="rig-1", role="agent", project="chapel", root="cairn/v1", port=8883, ca_pem="PEM\n")
MEMBERSHIP = Membership(
    host="server",
    port=8883,
    root="cairn/v1",
    project=ProjectId("chapel"),
    agent=AgentId("rig-1"),
    password=SecretStr("secret"),
    ca_pem="PEM\n",
)


class Page:
    """A page server that answers one thing."""

    def __init__(self) -> None:
        self.status, self.body = 200, b""
        self.asked: list[str] = []
        self.sent = b""
        page = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                page.asked.append(self.path)
                page.sent = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(page.status)
                self.end_headers()
                self.wfile.write(page.body)

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Answering)

    def says(self, answer: JoinAnswer, seal: str | None = None) -> None:
        text = answer.model_dump_json()
        self.body = (
            Answered(answer=text, seal=SECRET.key.seal(text) if seal is None else seal).model_dump_json().encode()
        )

    @property
    def link(self) -> Link:
        return Link.read(f"http://127.0.0.1:{self.server.server_port}/#invite={SECRET.text}")


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()
    thread = threading.Thread(target=page.server.serve_forever, args=(0.01,))
    thread.start()
    yield page
    page.server.shutdown()
    thread.join()
    page.server.server_close()


def test_neither_secret_nor_password_is_sent(page: Page) -> None:
    page.says(ANSWER)
    found = redeem(page.link)
    assert (found.host, found.port, found.agent, found.project) == ("127.0.0.1", 8883, "rig-1", "chapel")
    assert page.asked == [f"/invitations/{SECRET.invitation_id}"]
    wish = Redemption.model_validate_json(page.sent)
    SECRET.key.check_proof(wish.proof, wish.password_hash, "")
    assert is_password(found.password.get_secret_value(), wish.password_hash)
    assert SECRET.text.encode() not in page.sent
    assert found.password.get_secret_value().encode() not in page.sent


def test_what_another_server_answers_is_refused(page: Page) -> None:
    page.says(ANSWER, seal=Secret("B" * 24).key.seal(ANSWER.model_dump_json()))
    with pytest.raises(BadInvitationError, match="does not come from the server"):
        redeem(page.link)


def test_an_invitation_of_a_person_is_for_a_browser(page: Page) -> None:
    page.says(ANSWER.model_copy(update={"role": "viewer", "user": "anna"}))
    with pytest.raises(BadInvitationError, match="open it in a browser"):
        redeem(page.link)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, b'{"code":"bad_invitation","reason":"this invitation is used up"}', "used up"),
        (404, b"<html>", "is this the page's address"),
        (200, b"<html>", "is no cairn page"),
        (200, b"", "is no cairn page"),
    ],
)
def test_refusals_are_told_in_words(page: Page, status: int, body: bytes, said: str) -> None:
    page.status, page.body = status, body
    with pytest.raises(BadInvitationError, match=said):
        redeem(page.link)


@contextmanager
def listening(answer: bytes, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port where one client gets this answer, by TLS with a context."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError), server.accept()[0] as plain:
            connection = plain if context is None else context.wrap_socket(plain, server_side=True)
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1]
    thread.join()
    server.close()


def refusal(scheme: str, host: str, port: int) -> str:
    with pytest.raises(ServerNotReachedError) as told:
        redeem(Link.read(f"{scheme}://{host}:{port}/#invite={SECRET.text}"))
    assert SECRET.invitation_id not in told.value.sentence
    return told.value.sentence


def test_each_way_in_which_a_page_is_not_reached_has_its_own_sentence(tmp_path: Path) -> None:
    assert refusal("http", "127.0.0.1", 1).startswith("nobody listens at http://127.0.0.1:1/")
    assert "no machine is called 'no-such.invalid'" in refusal("http", "no-such.invalid", 8080)
    tls = TlsFiles(tmp_path)
    tls.ensure(frozenset({"127.0.0.1"}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    with listening(b"", context) as port:
        assert "Then the link begins with https://" in refusal("http", "127.0.0.1", port)
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert "a link to it begins with http://" in refusal("https", "127.0.0.1", port)
    with listening(b"220 mail ready\r\n") as port:
        assert "does not speak http" in refusal("http", "127.0.0.1", port)


def test_what_is_written_loads_as_settings_and_keeps_the_password_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "etc" / "cairn.toml"
    file.parent.mkdir()
    file.write_text("[view]\nport = 9\n")
    former, connection = write_settings(MEMBERSHIP, file, CameraKind.WATCH, tmp_path / "card")
    password_file = file.with_name("rig-1.password")
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    assert tomllib.loads(file.read_text())["view"] == {"port": 9}
    assert '"secret"' not in file.read_text()
    monkeypatch.setenv("CAIRN_SETTINGS", str(file))
    assert former is None
    settings = Settings.load()
    assert (settings.project, settings.agent, settings.camera) == ("chapel", "rig-1", CameraKind.WATCH)
    assert settings.folder == tmp_path / "card"
    assert (settings.broker.host, settings.broker.port, settings.broker.secret()) == ("server", 8883, "secret")
    assert settings.broker.ca_file == connection.ca_file == file.with_name("rig-1.ca.pem")
    assert file.with_name("rig-1.ca.pem").read_text() == "PEM\n"


async def test_a_rig_that_joined_keeps_its_settings_and_uses_no_invitation(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "cairn.toml"
    file.write_text('[edge]\nproject = "castle"\n')
    with pytest.raises(AlreadyJoinedError, match="--again"):
        await join(str(page.link), file)
    assert page.asked == []


FORMER = """\
# our server
[view]
port = 9

[edge]
project = "castle"
agent = "rig-9"
camera = "watch"  # the drone's card
folder = "/media/card"
is_gps_stripped = true

[edge.broker]
host = "old"
port = 1883
username = "rig-9"
keepalive_s = 60

[demo]
count = 3
"""


def test_a_rig_that_joins_again_keeps_its_own_settings_and_its_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cairn.toml"
    file.write_text(FORMER)
    file.chmod(0o644)
    former, _ = write_settings(MEMBERSHIP, file)
    text = file.read_text()
    found = tomllib.loads(text)
    assert (found["view"], found["demo"]) == ({"port": 9}, {"count": 3})
    assert "# our server" in text
    assert 'camera = "watch"  # the drone\'s card' in text
    assert "castle" not in text
    assert "rig-9" not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    monkeypatch.setenv("CAIRN_SETTINGS", str(file))
    settings = Settings.load()
    assert (settings.project, settings.agent, settings.folder) == ("chapel", "rig-1", Path("/media/card"))
    assert (settings.is_gps_stripped, settings.broker.host, settings.broker.port) == (True, "server", 8883)
    assert former is not None
    assert former.sentences(file) == [
        f"removed from {file}: rig-9 of project castle at old",
        "kept below [edge]: camera, folder, is_gps_stripped",
    ]
    assert RigTable.read(file).wishes() == []


@pytest.mark.parametrize(
    "text",
    [
        '[edge]\nproject = "a"\ncamera = "v4l2"\n[view]\nport = 1\n[edge.broker]\nhost = "x"\n',
        '[edge.broker]\nhost = "x"\n[view]\nport = 1\n[edge]\nproject = "a"\ncamera = "v4l2"\n',
    ],
)
def test_tables_in_any_order_are_replaced(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cairn.toml"
    file.write_text(text)
    RigTable.read(file).check(None, None)
    write_settings(MEMBERSHIP, file)
    found = tomllib.loads(file.read_text())
    assert (found["edge"]["project"], found["edge"]["camera"], found["view"]) == ("chapel", "v4l2", {"port": 1})
    assert found["edge"]["broker"]["host"] == "server"


async def test_joining_again_uses_the_invitation_only_where_the_file_can_be_written(page: Page, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(BadSettingsError, match="cannot"):
        await join(str(page.link), tmp_path / "a file" / "cairn.toml", is_again=True)
    file = tmp_path / "cairn.toml"
    for text, said in (
        ("[edge\n", "cannot read"),
        ("[[edge]]\na = 1\n", "must be tables"),
        ('edge.project = "a"\nedge.broker.host = "b"\n', "headings of their own"),
        ('edge = {project = "a", broker = {host = "b"}}\n', "headings of their own"),
    ):
        file.write_text(text)
        with pytest.raises(BadSettingsError, match=said):
            await join(str(page.link), file, is_again=True)
        assert file.read_text() == text
    with pytest.raises(BadSettingsError, match="--camera watch or folder"):
        await join(str(page.link), tmp_path / "new.toml", CameraKind.PICAMERA, tmp_path)
    assert page.asked == []
    assert {path.name for path in tmp_path.glob("*")} == {"a file", "cairn.toml"}  # noqa: ASYNC240 - of the test alone


async def test_a_rig_joins_again_with_one_command(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.join._try", AsyncMock())
    file, told = tmp_path / "cairn.toml", list[Former]()
    file.write_text(FORMER)
    page.says(ANSWER)
    joined = await join(str(page.link), file, CameraKind.FOLDER, tmp_path, is_again=True, tell=told.append)
    edge = tomllib.loads(file.read_text())["edge"]
    assert (edge["project"], edge["agent"], edge["camera"]) == ("chapel", "rig-1", "folder")
    assert (edge["folder"], edge["is_gps_stripped"]) == (str(tmp_path), True)
    assert edge["broker"]["password_file"] == str(tmp_path / "rig-1.password")
    assert joined.agent == "rig-1"
    assert [(each.project, each.agent, each.host) for each in told] == [("castle", "rig-9", "old")]


@pytest.mark.parametrize("change", [{"project": "../etc"}, {"user": "anna"}, {"user": "rig-1\\nx"}])
def test_names_that_could_do_harm_are_refused(page: Page, change: dict[str, str]) -> None:
    page.says(JoinAnswer.model_validate_json(json.dumps(ANSWER.model_dump() | change)))
    with pytest.raises(Exception, match=r"name|level|begin"):
        redeem(page.link)
