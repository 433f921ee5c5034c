"""Will rigs and browsers accept the certificates? Dates, names, key and issuer of each one (RFC 5280)."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from admin.certificates import RENEW_BEFORE_DAYS
from admin.doctor.findings import Finding, fault, ok, warning
from admin.installation import Installation

SUBJECT = "certificates"


def check_certificates(installation: Installation) -> Iterator[Finding]:
    """Check the broker's certificate and the page's, when they have one."""
    broker, viewer = installation.broker, installation.viewer
    pairs = [
        (broker.certificate, broker.key, broker.authority),
        (viewer.certificate, viewer.key, viewer.authority),
    ]
    checked: set[Path] = set()
    for certificate, key, authority in pairs:
        if certificate is None or key is None or certificate in checked:
            continue
        checked.add(certificate)
        advice = _renewal(installation, certificate)
        yield from check_pair(certificate, key, authority, names=installation.system.names(), advice=advice)
    if not checked:
        yield ok(SUBJECT, "none is needed: nothing speaks TLS")


def check_pair(
    certificate: Path, key: Path, authority: Path | None, *, names: frozenset[str], advice: str
) -> Iterator[Finding]:
    """Check one certificate.

    Args:
        certificate: PEM file of the server's certificate.
        key: PEM file of its private key.
        authority: PEM file of the certificate that rigs pin, when there is one.
        names: names and addresses at which clients may come.
        advice: how to get another one.
    """
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        is_fitting = _public(key) == _encoded(found)
        issuer = None if authority is None else x509.load_pem_x509_certificate(authority.read_bytes())
    except (OSError, ValueError, TypeError) as exc:
        yield fault(SUBJECT, f"certificate, key or authority cannot be read: {exc}", advice)
        return
    findings = list(_dates(certificate, found, advice))
    if not is_fitting:
        findings.append(fault(SUBJECT, f"{key} is not the key of {certificate}", advice))
    if issuer is not None and authority is not None:
        findings += _issuer(certificate, found, issuer, authority, advice)
    missing = names - _names(found)
    if missing:
        findings.append(
            warning(
                SUBJECT,
                f"{certificate} does not name {', '.join(sorted(missing))}: clients that come there refuse it",
                advice,
            )
        )
    yield from findings or [
        ok(SUBJECT, f"{certificate} names this machine, fits its key, ends {found.not_valid_after_utc:%Y-%m-%d}")
    ]


def _dates(certificate: Path, found: x509.Certificate, advice: str) -> Iterator[Finding]:
    now, ends = dt.datetime.now(dt.UTC), found.not_valid_after_utc
    if ends < now:
        yield fault(SUBJECT, f"{certificate} has expired, on {ends:%Y-%m-%d}: nobody gets in over TLS", advice)
    elif ends - now < dt.timedelta(days=RENEW_BEFORE_DAYS):
        yield warning(SUBJECT, f"{certificate} expires in {(ends - now).days} days, on {ends:%Y-%m-%d}", advice)
    if found.not_valid_before_utc > now:
        yield fault(
            SUBJECT,
            f"{certificate} is valid only from {found.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on",
            "set the clock of this machine, or get another certificate",
        )


def _issuer(
    certificate: Path, found: x509.Certificate, issuer: x509.Certificate, authority: Path, advice: str
) -> Iterator[Finding]:
    try:
        found.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        yield fault(SUBJECT, f"{authority} has not signed {certificate}: rigs that pin it refuse the broker", advice)
    ends = issuer.not_valid_after_utc
    if ends < dt.datetime.now(dt.UTC):
        yield fault(
            SUBJECT,
            f"the authority {authority} has expired, on {ends:%Y-%m-%d}",
            "remove its folder, run `cairn init PROJECT`, and invite every rig again",
        )


def _names(found: x509.Certificate) -> set[str]:
    try:
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in alternative}


def _public(key: Path) -> bytes:
    return (
        serialization.load_pem_private_key(key.read_bytes(), None)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def _encoded(found: x509.Certificate) -> bytes:
    return found.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _renewal(installation: Installation, certificate: Path) -> str:
    if certificate != installation.system.tls.certificate.resolve():
        return "get a new one from its issuer"
    if installation.is_service:
        return "renew it: `sudo systemctl start cairn-renew`"
    return f"{installation.restart}; that renews it"
