"""How do phones and browsers come to trust a certificate of our own authority? They download it here, and install it once."""

import hashlib
import html
import ssl
from pathlib import Path
from typing import Final

from aiohttp import web

AUTHORITY_PATH: Final = "/ca.pem"
PAGE_PATH: Final = "/trust"
PLAIN_PATHS: Final = frozenset({AUTHORITY_PATH, PAGE_PATH})  # answered without TLS, too: they come before any trust
_CONTENT_TYPE: Final = "application/x-x509-ca-cert"  # iOS and Android offer to install a file of this type
_NOT_HERE: Final = "this server has no certificate authority of its own\n"

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Trust this cairn</title>
<h1>Trust this cairn</h1>
<p>This server has a certificate authority of its own. A browser warns until you install its certificate, once on each device.</p>
<p><b>1. Compare.</b> The person who runs the server sees this fingerprint (SHA-256) with <code>cairn init</code>:</p>
<p><code>{fingerprint}</code></p>
<p>If it differs, somebody sits in between: do not go on.</p>
<p><b>2. Download</b> <a href="/ca.pem" download="cairn-ca.crt">the certificate</a> and install it:</p>
<ul>
<li>iPhone, iPad: Settings, Profile Downloaded, Install. Then General, About, Certificate Trust Settings: switch it on.</li>
<li>Android: Settings, search for "CA certificate", Install anyway, choose the file.</li>
<li>Windows: open the file, Install Certificate, into Trusted Root Certification Authorities.</li>
<li>macOS: open the file, then in Keychain Access set it to Always Trust.</li>
<li>Firefox: Settings, Certificates, View Certificates, Authorities, Import.</li>
</ul>
<p><b>3.</b> <a href="https://{host}/">Open the page</a>.</p>
<p>Its key stays on the server. Who has the key could pass for any web site to your device: remove the certificate when the
project is over.</p>
</html>
"""


class TrustPage:
    """Answers for one server; without an authority, 404."""

    def __init__(self, authority: Path | None) -> None:
        self._authority = authority

    async def certificate(self, _request: web.Request) -> web.StreamResponse:
        """The authority's certificate, which is no secret."""
        headers = {
            "Content-Type": _CONTENT_TYPE,
            "Content-Disposition": 'attachment; filename="cairn-ca.crt"',
            "Cache-Control": "no-store",
        }
        return web.Response(body=self._read().encode(), headers=headers)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """What to do with it."""
        text = _PAGE.format(fingerprint=fingerprint(self._read()), host=html.escape(request.host))
        return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-store"})

    def _read(self) -> str:
        if self._authority is None:
            raise web.HTTPNotFound(text=_NOT_HERE)
        try:
            return self._authority.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as exc:
            raise web.HTTPNotFound(text=_NOT_HERE) from exc


def fingerprint(pem: str) -> str:
    """The SHA-256 digest of a certificate as browsers and phones show it."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
