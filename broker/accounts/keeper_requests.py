"""What may the keeper of accounts be asked? Five requests, each a line of JSON.

Redeeming needs a link, leaving one's own login, and the others an operator's login.
"""

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from broker.accounts.passwords import HASH_PATTERN

_LONGEST_S: Final = int(timedelta(days=7).total_seconds())
MOST_USES: Final = 50  # by one invitation from the page

_InvitationId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_Code = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Name = Annotated[str, Field(max_length=64)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Login(_Part):
    """Name and password of the person who asks; the keeper checks them itself."""

    user: _Name
    password: Annotated[str, Field(max_length=1024, repr=False)]


class Redemption(_Part):
    """What somebody with a link sends: the hash of a new password, the proof, and a name if the invitation has none.

    Attributes:
        is_rig: whether a rig joins; a link that was opened at the wrong place is refused and not used up.
    """

    password_hash: Annotated[str, Field(pattern=HASH_PATTERN, repr=False)]
    proof: _Code
    name: _Name = ""
    is_rig: bool = False


class NewInvitation(_Part):
    """What an operator's page sends. The secret stays in the browser: the keeper needs its number and its key."""

    invitation_id: _InvitationId
    key: Annotated[_Code, Field(repr=False)]
    role: Literal["viewer", "contributor"]
    name: _Name | None = None
    lasts_s: Annotated[int, Field(ge=60, le=_LONGEST_S)]
    uses: Annotated[int, Field(ge=1, le=MOST_USES)] = 1


class Redeem(_Part):
    """Use an invitation."""

    verb: Literal["redeem"] = "redeem"
    invitation_id: _InvitationId
    redemption: Redemption


class Create(_Part):
    """Invite viewers or contributors to a project."""

    verb: Literal["create"] = "create"
    login: Login
    project: _Name
    invitation: NewInvitation


class ListOpen(_Part):
    """List a project's invitations that can still be used."""

    verb: Literal["list"] = "list"
    login: Login
    project: _Name


class Revoke(_Part):
    """Take an invitation of a project back."""

    verb: Literal["revoke"] = "revoke"
    login: Login
    project: _Name
    invitation_id: _InvitationId


class Leave(_Part):
    """Log out for good: end the account that an invitation made."""

    verb: Literal["leave"] = "leave"
    login: Login


Asked = Redeem | Create | ListOpen | Revoke | Leave
ASKED: Final[TypeAdapter[Asked]] = TypeAdapter(Annotated[Asked, Field(discriminator="verb")])


class OpenInvitation(_Part):
    """One row of a list; nothing of it can be redeemed."""

    invitation_id: str
    name: str | None
    role: str
    expires_at: AwareDatetime
    uses: int
    used_count: int
    made_by: str | None


OPEN_INVITATIONS: Final = TypeAdapter(tuple[OpenInvitation, ...])


class Answered(_Part):
    """One response: a text with its code of authenticity, or why not."""

    answer: str = ""
    seal: str = ""
    code: str | None = None
    reason: str | None = None


class JoinAnswer(BaseModel):
    """What an invited rig or person needs, as the JSON text `answer`.

    Attributes:
        port: of the broker; rigs use it, a browser has the page's relay.
        ca_pem: the authority that a rig pins; None when the broker speaks plain MQTT.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    user: str
    role: str
    project: str
    root: str
    port: int
    ca_pem: str | None = None
