"""How do people invite and come in through the page? The page server passes each request to the keeper of accounts.

An operator's name and password are tried at the broker first, like every login, which brakes guessing; the keeper checks
them again by itself.
"""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from broker.accounts.invitation_secret import BadInvitationError
from broker.accounts.keeper import NotOperatorError, ask_keeper
from broker.accounts.keeper_requests import (
    OPEN_INVITATIONS,
    Answered,
    Asked,
    Create,
    Leave,
    ListOpen,
    Login,
    NewInvitation,
    OpenInvitation,
    Redeem,
    Redemption,
    Revoke,
)
from viewer.admission import Admission, Guest
from viewer.answers import Failure, json_answer

_Body = TypeVar("_Body", bound=BaseModel)
_BAD_REQUEST: Final = Failure(code="bad_request", reason="this is no request about an invitation")


class InvitationList(BaseModel):
    """What a page learns about the invitations of its project."""

    model_config = ConfigDict(frozen=True)

    can_invite: bool
    invitations: tuple[OpenInvitation, ...] = ()


class Left(BaseModel):
    """Whether the account ended at log-out: only one that an invitation made does."""

    model_config = ConfigDict(frozen=True)

    is_ended: bool


class Done(BaseModel):
    """An invitation was made or taken back."""

    model_config = ConfigDict(frozen=True)

    invitation_id: str


@dataclass(frozen=True, slots=True)
class InvitationDesk:
    """The addresses about invitations; without a keeper all of them answer 404."""

    socket: Path | None
    admission: Admission

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Answer `/invitations/ID`, `/projects/PROJECT/invitations` and `/account`."""
        router.add_post("/invitations/{invitation_id}", self.redeem)
        router.add_delete("/account", self.leave)
        router.add_get("/projects/{project}/invitations", self.list_open)
        router.add_post("/projects/{project}/invitations", self.create)
        router.add_delete("/projects/{project}/invitations/{invitation_id}", self.revoke)

    async def redeem(self, request: web.Request) -> web.Response:
        """Use an invitation; the body is the keeper's answer."""
        try:
            asked = Redeem(
                invitation_id=request.match_info["invitation_id"], redemption=await _body(request, Redemption)
            )
        except ValidationError:
            return json_answer(_BAD_REQUEST, HTTPStatus.BAD_REQUEST)
        answered = await self._ask(asked)
        return json_answer(answered) if isinstance(answered, Answered) else answered

    async def list_open(self, request: web.Request) -> web.Response:
        """Open invitations of a project; somebody who may not invite learns just that."""
        asked = ListOpen(login=await self._login(request), project=request.match_info["project"][:64])
        answered = await self._ask(asked, refused=json_answer(InvitationList(can_invite=False)))
        if not isinstance(answered, Answered):
            return answered
        rows = OPEN_INVITATIONS.validate_json(answered.answer)
        return json_answer(InvitationList(can_invite=True, invitations=rows))

    async def create(self, request: web.Request) -> web.Response:
        """Invite viewers or contributors; the secret stays in the operator's browser."""
        login = await self._login(request)
        try:
            invitation = await _body(request, NewInvitation)
        except ValidationError:
            return json_answer(_BAD_REQUEST, HTTPStatus.BAD_REQUEST)
        return await self._change(
            Create(login=login, project=request.match_info["project"][:64], invitation=invitation)
        )

    async def revoke(self, request: web.Request) -> web.Response:
        """Take an invitation back."""
        login = await self._login(request)
        project, invitation_id = request.match_info["project"][:64], request.match_info["invitation_id"]
        try:
            asked = Revoke(login=login, project=project, invitation_id=invitation_id)
        except ValidationError:
            return json_answer(_BAD_REQUEST, HTTPStatus.BAD_REQUEST)
        return await self._change(asked)

    async def leave(self, request: web.Request) -> web.Response:
        """Log out for good: an account that an invitation made ends, any other stays."""
        answered = await self._ask(Leave(login=await self._login(request)))
        if not isinstance(answered, Answered):
            return answered
        return json_answer(Left(is_ended=answered.answer == "ended"))

    async def _change(self, asked: Create | Revoke) -> web.Response:
        answered = await self._ask(asked)
        return json_answer(Done(invitation_id=answered.answer)) if isinstance(answered, Answered) else answered

    async def _login(self, request: web.Request) -> Login:
        """Raises like `Admission.admit`."""
        guest: Guest = await self.admission.admit(request)
        return Login(user=guest.connection.username or "", password=guest.connection.secret() or "")

    async def _ask(self, asked: Asked, refused: web.Response | None = None) -> Answered | web.Response:
        """Ask the keeper; a refusal comes as the response with status 403, 404 or 503."""
        if self.socket is None or (not self.admission.needs_login and not isinstance(asked, Redeem)):
            failure = Failure(code="no_invitations", reason="this page server knows no invitations")
            return json_answer(failure, HTTPStatus.NOT_FOUND)
        try:
            answered = await ask_keeper(self.socket, asked)
        except BadInvitationError as exc:
            return json_answer(Failure(code=exc.code, reason=exc.sentence), HTTPStatus.SERVICE_UNAVAILABLE)
        if answered.code is None:
            return answered
        if refused is not None and answered.code == NotOperatorError.code:
            return refused
        return json_answer(Failure(code=answered.code, reason=answered.reason or ""), HTTPStatus.FORBIDDEN)


async def _body(request: web.Request, model: type[_Body]) -> _Body:
    """Read a small JSON body; raises ValidationError, or web.HTTPRequestEntityTooLarge."""
    return model.model_validate_json(await request.read())
