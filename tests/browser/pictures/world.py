"""On which system are pictures taken? A broker, a page server and a stand-in for the reconstructor, fresh for each state."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from broker.accounts.access import Credential, User
from broker.accounts.keeper import SOCKET_NAME, Keeper
from broker.accounts.users import UserBook
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.browser.conftest import Visitor, reconstructing, serving
from tests.browser.reconstruction import Reconstruction
from viewer.config import Settings

PROJECTS: Final = ("chapel", "north-tower", "saint-bartholomew-upper-church")
PEOPLE: Final = (
    ("reconstructor", "reconstructor"),
    ("anna", "contributor"),
    ("viewer", "viewer"),
    ("ops", "operator"),
)
SCREENS: Final[dict[str, dict[str, Any]]] = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "laptop": {"viewport": {"width": 1280, "height": 720}},
    "tablet": {"viewport": {"width": 820, "height": 1180}},
    "landscape": {"viewport": {"width": 844, "height": 390}},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "small": {"viewport": {"width": 360, "height": 640}},
    "zoomed": {"viewport": {"width": 720, "height": 450}, "device_scale_factor": 2},
}
for _name in ("landscape", "phone", "small"):
    SCREENS[_name] |= {"device_scale_factor": 2, "is_mobile": True, "has_touch": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a state is arranged on."""

    mosquitto: Mosquitto
    settings: Settings
    address: str
    reconstruction: Reconstruction
    exports: Path

    async def join(self, visitor: Visitor, user: str = "anna", project: str = "chapel") -> None:
        """Open the page as this user."""
        await visitor.join(self.mosquitto.connection(user), project)


@contextlib.asynccontextmanager
async def world(folder: Path, **changes: Any) -> AsyncIterator[World]:
    """A system of its own in this folder; `changes` are settings of its page server."""
    plan = BrokerPlan(data_dir=folder, port=free_port(), websocket_port=free_port())
    people = [Credential.fresh(User.build(name, role, PROJECTS)) for name, role in PEOPLE]
    with Mosquitto(plan, people) as mosquitto:
        book = UserBook(plan.data_dir)
        for each in people:
            book.add_account(each.account)
        socket = plan.data_dir / SOCKET_NAME
        settings = Settings(broker=mosquitto.connection("viewer"), port=0, keeper_socket=socket)
        exports = folder / "exports"
        exports.mkdir()
        settings = settings.model_copy(update={"export_dir": exports} | changes)
        with Keeper(data_dir=plan.data_dir, root="cairn/v1", port=plan.port).listening():
            async with serving(settings) as address, reconstructing(mosquitto) as reconstruction:
                yield World(
                    mosquitto=mosquitto,
                    settings=settings,
                    address=address,
                    reconstruction=reconstruction,
                    exports=exports,
                )
