"""How does the page speak TLS? With a certificate from files; renewed files are taken without a restart."""

import asyncio
import ssl
from pathlib import Path
from typing import Final

from broker.config import BadSettingsError
from broker.logs import get_logger

LOOK_INTERVAL_S: Final = 30.0


class Certificate:
    """The page's certificate and key; `context` is for new connections."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._stamp = self._read_stamp()
        self.context = self._load()

    async def follow(self) -> None:
        """Take the files again whenever they have changed, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            self.refresh()

    def refresh(self) -> None:
        """Take changed files; while they do not fit each other, the earlier ones stay."""
        try:
            stamp = self._read_stamp()
            if stamp != self._stamp:
                self.context = self._load()
                self._stamp = stamp
                get_logger().info("certificate_renewed", file=str(self._files[0]))
        except BadSettingsError as exc:
            get_logger().warning("certificate_kept", reason=exc.sentence)

    def _load(self) -> ssl.SSLContext:
        """Raises BadSettingsError."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(["http/1.1"])
        certificate, key = self._files
        try:
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as exc:
            raise BadSettingsError(f"cannot use the certificate {certificate} with the key {key}: {exc}") from exc
        return context

    def _read_stamp(self) -> tuple[int, ...]:
        try:
            return tuple(each.stat().st_mtime_ns for each in self._files)
        except OSError as exc:
            raise BadSettingsError(f"cannot read {exc.filename}: {exc.strerror}") from exc
