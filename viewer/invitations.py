"""How does an invited rig or person come in? The page server passes the invitation's number to the keeper of accounts."""

from http import HTTPStatus
from pathlib import Path

from aiohttp import web
from pydantic import ValidationError

from broker.accounts.invitation_secret import BadInvitationError
from broker.accounts.keeper import Asked, ask_keeper
from viewer.answers import Failure, json_answer


async def redeem(socket: Path | None, invitation_id: str) -> web.Response:
    """Redeem an invitation; the body is the keeper's answer, or why not with status 403, 404 or 503."""
    if socket is None:
        failure = Failure(
            code="no_invitations", reason="this page server redeems no invitations: set viewer.keeper_socket"
        )
        return json_answer(failure, HTTPStatus.NOT_FOUND)
    try:
        asked = Asked(verb="redeem", invitation_id=invitation_id)
    except ValidationError:
        return json_answer(Failure(code="bad_invitation", reason="this is no invitation"), HTTPStatus.NOT_FOUND)
    try:
        answered = await ask_keeper(socket, asked)
    except BadInvitationError as exc:
        return json_answer(Failure(code=exc.code, reason=exc.sentence), HTTPStatus.SERVICE_UNAVAILABLE)
    if answered.code is not None:
        failure = Failure(code=answered.code, reason=answered.reason or "")
        return json_answer(failure, HTTPStatus.FORBIDDEN)
    return json_answer(answered)
