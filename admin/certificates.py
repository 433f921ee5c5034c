"""How is the broker's TLS made? A private authority that rigs pin, and a server certificate for this machine's names.

The authority's key never leaves the folder. Certificates are X.509 v3 (RFC 5280), keys are on the curve P-256.
"""

import datetime as dt
import ipaddress
import re
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from broker.config import BadSettingsError
from broker.errors import CairnError
from broker.files import write_durably

AUTHORITY_KEY: Final = "ca.key"
AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 397
RENEW_BEFORE_DAYS: Final = 30
_MACHINE_NAME: Final = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", re.ASCII | re.IGNORECASE)
_LONGEST_NAME: Final = 253
_CLOCK_SLACK: Final = dt.timedelta(days=1)  # a rig's clock may be behind


class BadCertificateError(CairnError):
    """A certificate or key that cannot be read."""

    code = "bad_certificate"
    remedy = "Remove the file that the message names, and run `cairn init` again."


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The authority and the server's certificate of one system, as PEM files in one folder."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate that rigs pin; it may be given to anybody."""
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        """The broker's certificate."""
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        """The broker's private key."""
        return self.folder / "server.key"

    def ensure(self, names: frozenset[str]) -> bool:
        """Make what is missing, ends soon, or lacks one of these names and addresses; returns whether anything was made.

        Raises:
            BadCertificateError: what is there cannot be read, or the disk does not take it.
            PermissionError: the files belong to another account.
        """
        try:
            return self._ensure(names)
        except PermissionError:
            raise
        except OSError as exc:
            raise BadCertificateError(f"cannot write the certificate in {self.folder}: {exc.strerror}") from exc

    def _ensure(self, names: frozenset[str]) -> bool:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.authority.exists():
            self._make_authority()
        elif self.certificate.exists() and self.key.exists() and self._is_good(names):
            return False
        self._make_server(names)
        return True

    def expires_at(self) -> dt.datetime:
        """When the server's certificate ends; raises BadCertificateError."""
        return _read_certificate(self.certificate).not_valid_after_utc

    def _is_good(self, names: frozenset[str]) -> bool:
        found = _read_certificate(self.certificate)
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        said = {str(name.value) for name in alternative}
        is_ours = _is_issued(found, _read_certificate(self.authority))
        is_pair = _read_key(self.key).public_key() == found.public_key()
        return (
            is_ours and is_pair and names <= said and self.expires_at() - _now() > dt.timedelta(days=RENEW_BEFORE_DAYS)
        )

    def _make_authority(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"cairn authority of {socket.gethostname()}"[:64])])
        builder = (
            _builder(name, name, key.public_key(), AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(is_authority=True), critical=True)
        )
        self._write({AUTHORITY_KEY: _pem(key), "ca.pem": builder.sign(key, hashes.SHA256())})

    def _make_server(self, names: frozenset[str]) -> None:
        authority, authority_key = _read_certificate(self.authority), _read_key(self.folder / AUTHORITY_KEY)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cairn broker")])
        builder = (
            _builder(name, authority.subject, key.public_key(), SERVER_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general_name(each) for each in sorted(names)]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
        )
        self._write({"server.key": _pem(key), "server.pem": builder.sign(authority_key, hashes.SHA256())})

    def _write(self, files: dict[str, bytes | x509.Certificate]) -> None:
        # A page that is a service reads the server's key by the group of the folder, which has the setgid bit then.
        is_shared = bool(self.folder.stat().st_mode & stat.S_ISGID)
        modes = {AUTHORITY_KEY: 0o600, self.key.name: 0o640 if is_shared else 0o600}
        for name, content in files.items():
            text = content if isinstance(content, bytes) else content.public_bytes(serialization.Encoding.PEM)
            write_durably(self.folder, {name: text}, mode=modes.get(name, 0o644))


def fingerprint(path: Path) -> str:
    """The SHA-256 digest of a certificate as browsers and phones show it; raises BadCertificateError."""
    return _read_certificate(path).fingerprint(hashes.SHA256()).hex(":").upper()


def check_machine_name(name: str) -> str:
    """A name or an address as certificates and links have it; raises BadSettingsError for anything else."""
    if _is_address(name) or (len(name) <= _LONGEST_NAME and _MACHINE_NAME.fullmatch(name)):
        return name
    raise BadSettingsError(
        f"{name!r} is no name or address of a machine: write it like server.example.org or 192.168.1.5, without http:// "
        "and port; a name with other letters than a-z in its form that begins with xn--"
    )


def machine_names() -> frozenset[str]:
    """Names and addresses at which other machines may reach this one, and loopback."""
    host = socket.gethostname()
    names = {"localhost", "127.0.0.1", "::1", host, socket.getfqdn(), f"{host.partition('.')[0]}.local"}
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family in {socket.AF_INET, socket.AF_INET6}:
                address = ipaddress.ip_address(each.address.partition("%")[0])
                if not address.is_link_local:
                    names.add(str(address))
    return frozenset(name for name in names if name and name.isascii())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - _CLOCK_SLACK)
        .not_valid_after(_now() + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(name)) if _is_address(name) else x509.DNSName(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether an authority signed a certificate; another one of the same name did not."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise BadCertificateError(f"cannot read the certificate {path}: {exc}") from exc


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError) as exc:
        raise BadCertificateError(f"cannot read the key {path}: {exc}") from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadCertificateError(f"the key {path} is not one of ours")
    return key


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
