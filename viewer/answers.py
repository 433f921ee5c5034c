"""Which JSON does the page server answer?"""

from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from broker.ids import ProjectId
from viewer.status import ProjectStatus


class PageConfig(BaseModel):
    """`/config.json`: what the page must know before it connects; nothing secret."""

    model_config = ConfigDict(frozen=True)

    mqtt_url: str
    root: str
    projects: tuple[ProjectId, ...]
    needs_login: bool
    has_invitations: bool


class ProjectList(BaseModel):
    """`/projects`: those that the guest may see."""

    model_config = ConfigDict(frozen=True)

    projects: tuple[ProjectStatus, ...]


class Failure(BaseModel):
    """What an address answers instead of data."""

    model_config = ConfigDict(frozen=True)

    code: str
    reason: str


def json_answer(model: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """One model as an answer that nobody keeps."""
    body = model.model_dump_json(by_alias=True).encode()
    return web.Response(
        status=status, body=body, headers={"Content-Type": "application/json", "Cache-Control": "no-store"}
    )
