"""What is in an invitation's link, and how does it stay secret? Nothing that crosses the network lets anybody log in.

A link ends in a random secret, from which two numbers are derived (HMAC, RFC 2104): one finds the invitation, the other is
the key that its keeper stores. Who redeems it makes a password, and sends its hash with a code of authenticity made with
the key; the answer carries such a code, too. So it is safe over plain http: a listener learns neither secret nor password,
nobody can put another hash, broker or authority in between, and a link that was used is worth nothing.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from broker.errors import CairnError

_SECRET_BYTES: Final = 18
_PATTERN: Final = r"[A-Za-z0-9_-]{24}"
LINK_PREFIX: Final = "invite="


class BadInvitationError(CairnError):
    """A text that is no invitation, or an answer that does not belong to it."""

    code = "bad_invitation"
    remedy = "Copy the whole invitation, or ask for a new one."


@dataclass(frozen=True, slots=True)
class Secret:
    """The secret of one invitation."""

    text: str

    @classmethod
    def fresh(cls) -> "Secret":
        """A new one, 144 random bits."""
        return cls(secrets.token_urlsafe(_SECRET_BYTES))

    @property
    def invitation_id(self) -> str:
        """What the invitation is looked up by: 32 hexadecimal digits."""
        return self._derived("id")[:32]

    @property
    def key(self) -> "InvitationKey":
        """What the keeper of accounts stores of it."""
        return InvitationKey(self._derived("key"))

    def _derived(self, what: str) -> str:
        return _code(self.text, what)


@dataclass(frozen=True, slots=True)
class InvitationKey:
    """Makes and checks the codes of authenticity of one invitation; 64 hexadecimal digits."""

    text: str

    def proof(self, password_hash: str, name: str) -> str:
        """What shows that a wish to join comes from somebody with the link; an empty name when the invitation has one."""
        return _code(self.text, f"join {password_hash} {name}")

    def check_proof(self, proof: str, password_hash: str, name: str) -> None:
        """Raises BadInvitationError when the wish was not made with this invitation's secret."""
        if not hmac.compare_digest(self.proof(password_hash, name), proof):
            raise BadInvitationError("this invitation is damaged: copy the whole link")

    def seal(self, answer: str) -> str:
        """The code of authenticity of an answer."""
        return _code(self.text, f"answer {answer}")

    def check_seal(self, answer: str, seal: str) -> None:
        """Raises BadInvitationError when the answer was not made with this key."""
        if not hmac.compare_digest(self.seal(answer).encode(), seal.encode(errors="replace")):
            raise BadInvitationError(
                "the answer does not come from the server that made this invitation: ask who made it for a new one"
            )


def _code(key: str, what: str) -> str:
    return hmac.new(key.encode(), what.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`http://HOST:PORT/#invite=SECRET`: the page's address and the secret."""

    page: str
    host: str
    secret: Secret

    def __str__(self) -> str:
        return f"{self.page}#{LINK_PREFIX}{self.secret.text}"

    @classmethod
    def read(cls, text: str) -> "Link":
        """Read a link; raises BadInvitationError with an example."""
        parts = _split(text)
        secret = parts.fragment.removeprefix(LINK_PREFIX).partition("&")[0]
        is_ours = parts.fragment.startswith(LINK_PREFIX) and re.fullmatch(_PATTERN, secret, re.ASCII)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not is_ours:
            raise BadInvitationError("an invitation looks like this: http://192.168.1.5:8080/#invite=…")
        return cls(page=f"{parts.scheme}://{parts.netloc}/", host=parts.hostname, secret=Secret(secret))


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text.strip())
    except ValueError as exc:
        raise BadInvitationError("an invitation looks like this: http://192.168.1.5:8080/#invite=…") from exc
