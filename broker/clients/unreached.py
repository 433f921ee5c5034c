"""Why does no connection to the broker stand? The system's error in plain words, each with what to do about it."""

import errno
import socket
import ssl
from typing import Final

from broker.config import Connection

_NOT_YET_VALID, _EXPIRED, _WRONG_NAME, _WRONG_ADDRESS = 9, 10, 62, 64  # OpenSSL's X509_V_ERR_…
_OTHER_NAME: Final = "is for another name: use a name that it carries, or make it for this one"
STARTERS: Final = "`cairn up` or `cairn broker start`"
_NO_WAY: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})


def why_unreached(connection: Connection, cause: BaseException | None) -> str:
    """One sentence for the error with which an attempt to connect ended; None: hung up on before an answer came."""
    where, has_tls = f"{connection.host}:{connection.port}", connection.ca_file is not None
    match cause:
        case ssl.SSLCertVerificationError():
            words = f"the certificate of {where} {_flaw(cause, connection)}"
        case ConnectionRefusedError():
            words = f"nobody listens at {where}: is the broker running ({STARTERS}), or say --broker"
        case socket.gaierror():
            words = f"no machine is called {connection.host!r} here: check --broker"
        case TimeoutError():
            words = f"{where} does not answer: check the address, the network and the firewall"
        case OSError(errno=number) if number in _NO_WAY:
            words = f"there is no way to {where}: check the network of this machine ({cause.strerror})"
        case None | ssl.SSLError() | ConnectionError() if has_tls:
            words = f"what listens at {where} does not speak TLS: is it the plain port? TLS is usually at 8883"
        case None | ConnectionError():
            words = (
                f"what listens at {where} hangs up without an answer: a TLS port needs ca_file; "
                "a broker hangs up on too many connections, too"
            )
        case _:
            words = f"cannot reach the broker at {where}: {cause}"
    return words


def _flaw(cause: ssl.SSLCertVerificationError, connection: Connection) -> str:
    """Why a certificate is not accepted, and what to do."""
    flaws = {
        _EXPIRED: "has expired: make a new one on that machine",
        _NOT_YET_VALID: "is not valid yet: check the clock of this machine",
        _WRONG_NAME: _OTHER_NAME,
        _WRONG_ADDRESS: _OTHER_NAME,
    }
    stranger = f"is not from the authority in {connection.ca_file}: get that file from who runs the broker"
    return flaws.get(cause.verify_code, stranger)
