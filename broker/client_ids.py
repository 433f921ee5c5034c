"""How is a session on the broker named? By program, name and 64 random bits: any account that knows a client id can take its session."""

import secrets
from typing import Final

_BYTES: Final = 8


def fresh_client_id(program: str, name: str) -> str:
    """A client id for one connection that needs no durable session."""
    return client_id(program, name, fresh_token())


def client_id(program: str, name: str, token: str) -> str:
    """The client id of a durable session, whose token is kept in the store or spool."""
    return f"{program}-{name}-{token}"


def fresh_token() -> str:
    """64 random bits."""
    return secrets.token_hex(_BYTES)
