"""How are passwords kept? As Mosquitto's own salted hashes; a plain password exists only where its program or person is."""

import base64
import hashlib
import hmac
import re
import secrets
from pathlib import Path
from typing import Final

from broker.files import write_durably

_ITERATIONS: Final = 101  # Mosquitto's default: our passwords are random, 192 bits, and not guessed by trying
_SALT_BYTES: Final = 12
_KEY_BYTES: Final = 64
HASH_PATTERN: Final = rf"^\$7\${_ITERATIONS}\$[A-Za-z0-9+/]{{16}}\$[A-Za-z0-9+/]{{86}}==$"  # what `hashed` writes


def fresh_password() -> str:
    """A random password, 192 bits."""
    return secrets.token_urlsafe(24)


def hashed(password: str) -> str:
    """The hash as it stands in Mosquitto's password file: `$7$`, PBKDF2 with SHA-512 (mosquitto_passwd(1))."""
    salt = secrets.token_bytes(_SALT_BYTES)
    key = _stretched(password, salt)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def is_password(password: str, password_hash: str) -> bool:
    """Whether a hash is of this password; one that we did not write fits none."""
    if re.fullmatch(HASH_PATTERN, password_hash, re.ASCII) is None:
        return False
    salt, key = (base64.b64decode(part) for part in password_hash.split("$")[3:])
    return hmac.compare_digest(_stretched(password, salt), key)


def _stretched(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, _KEY_BYTES)


def write_password(path: Path, password: str) -> None:
    """Write a password file that its owner alone may read; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(path.parent, {path.name: (password + "\n").encode()}, mode=0o600)
