"""Invitations over HTTP: an operator's login makes them, a contributor's does not, and who redeems is on the broker."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from broker.accounts.access import Credential, User
from broker.accounts.invitation_secret import Secret
from broker.accounts.keeper import SOCKET_NAME, Keeper
from broker.accounts.passwords import hashed
from broker.accounts.users import UserBook
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.integration.viewer.conftest import basic, serving, until_connected
from viewer.config import Settings


@pytest.fixture
def passwords(tmp_path: Path) -> dict[str, str]:
    book = UserBook(tmp_path)
    people = (("ops", "operator"), ("anna", "contributor"), ("page", "viewer"))
    return {name: book.add(User.build(name, role, ["chapel"])).password for name, role in people}


@pytest.fixture
async def address(tmp_path: Path, passwords: dict[str, str]) -> AsyncIterator[str]:
    """A page server with a broker and its keeper."""
    users = UserBook(tmp_path).users()
    plan = BrokerPlan(data_dir=tmp_path / "broker", port=free_port())
    credentials = [Credential(user=user, password=passwords[str(user.name)]) for user in users]
    with Mosquitto(plan, credentials) as broker:
        settings = Settings(broker=broker.connection("page"), port=0, keeper_socket=tmp_path / SOCKET_NAME)
        with Keeper(data_dir=tmp_path, root="cairn/v1", port=plan.port).listening():
            async with serving(settings) as address:
                await until_connected(address)
                yield address


async def test_an_operator_invites_over_http(address: str, passwords: dict[str, str], tmp_path: Path) -> None:
    secret, here = Secret.fresh(), f"{address}/projects/chapel/invitations"
    ops, anna = (basic(name, passwords[name]) for name in ("ops", "anna"))
    invitation = {
        "invitation_id": secret.invitation_id,
        "key": secret.key.text,
        "role": "viewer",
        "lasts_s": 3600,
    }
    async with aiohttp.ClientSession() as session:

        async def asked(method: str, url: str, **given: object) -> tuple[int, object]:
            async with session.request(method, url, **given) as response:  # type: ignore[arg-type]
                is_json = response.content_type == "application/json"
                return response.status, await (response.json() if is_json else response.text())

        assert (await asked("GET", f"{address}/config.json"))[1]["has_invitations"] is True  # type: ignore[index]
        assert (await asked("POST", here, json=invitation))[0] == 401
        assert (await asked("POST", here, json=invitation, headers=basic("ops", "guess")))[0] == 401
        strange = ops | {"Origin": "https://elsewhere.example"}  # of a form there, with the login that the browser kept
        status, body = await asked("POST", here, json=invitation, headers=strange)
        assert (status, "https://elsewhere.example may change nothing here" in str(body)) == (403, True)
        status, body = await asked("POST", here, json=invitation, headers=anna)
        assert (status, body["code"]) == (403, "not_operator")  # type: ignore[index]
        nothing = {"can_invite": False, "invitations": []}
        assert await asked("GET", here, headers=anna) == (200, nothing)
        assert (await asked("POST", here, json=invitation | {"role": "operator"}, headers=ops))[0] == 400
        assert (await asked("POST", here, data=b"x" * 5000, headers=ops))[0] == 413
        assert (await asked("POST", here, json=invitation, headers=ops))[0] == 200
        listed = (await asked("GET", here, headers=ops))[1]
        assert [row["invitation_id"] for row in listed["invitations"]] == [secret.invitation_id]  # type: ignore[index]
        password_hash = hashed("berta's own")
        wish = {"password_hash": password_hash, "name": "berta", "proof": secret.key.proof(password_hash, "berta")}
        redeeming = f"{address}/invitations/{secret.invitation_id}"
        assert (await asked("POST", redeeming))[0] == 400
        status, body = await asked("POST", redeeming, json=wish)
        secret.key.check_seal(body["answer"], body["seal"])  # type: ignore[index]
        status, body = await asked("POST", redeeming, json=wish)
        assert (status, body["reason"]) == (403, "this invitation is used up: ask for a new one")  # type: ignore[index]
        kept = {"is_ended": False}
        assert await asked("DELETE", f"{address}/account", headers=anna) == (200, kept)
        assert (await asked("DELETE", f"{address}/account"))[0] == 401
        assert (await asked("DELETE", f"{here}/{secret.invitation_id}", headers=anna))[0] == 403
        assert (await asked("DELETE", f"{here}/{secret.invitation_id}", headers=ops))[0] == 200
    names = await asyncio.to_thread(lambda: [user.name for user in UserBook(tmp_path).users()])
    assert "berta" in names


async def test_without_a_keeper_nobody_invites(settings: Settings) -> None:
    connection = settings.broker
    login = basic(connection.username or "", connection.secret() or "")
    async with serving(settings) as address, aiohttp.ClientSession() as session:
        async with session.get(f"{address}/config.json") as response:
            assert (await response.json())["has_invitations"] is False
        async with session.get(f"{address}/projects/chapel/invitations", headers=login) as response:
            assert response.status == 404
