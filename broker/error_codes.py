"""Which error codes does more than one program rely on? Constants; docs/wire.md lists all codes."""

from typing import Final

WRONG_DIGEST: Final = "wrong_digest"  # a rig sends the photograph again when a receipt says so
