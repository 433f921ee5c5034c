"""A system that runs outlives a certificate that cannot be renewed, and a log that somebody removed."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from admin import up
from admin.certificates import BadCertificateError
from admin.programs import Program
from admin.system import System


async def test_a_certificate_that_cannot_be_renewed_is_tried_again(
    system: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = asyncio.Event()
    failures = [PermissionError(13, "Permission denied", "server.key"), BadCertificateError("no space")]

    def fail(_system: System) -> None:
        if failures:
            raise failures.pop()
        loop.call_soon_threadsafe(tried.set)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(up, "_RENEWAL_INTERVAL_S", 0.01)
    monkeypatch.setattr(up, "_renew", fail)
    task = asyncio.create_task(up._keep_certificate(system))
    async with asyncio.timeout(20):
        await tried.wait()
    assert not task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert "".join(capsys.readouterr()).count("certificate_not_renewed") == 2


def test_a_program_whose_log_was_removed_is_still_described(tmp_path: Path) -> None:
    program = Program(name="page", words=(), environment={}, log_dir=tmp_path, restart_count=2)
    assert up._describe_program(program) == (
        f"page           starting, started again 2 times: it said nothing (see {tmp_path}/page.log)"
    )
