"""What an export that was ended left is removed before the next one begins, and a refusal keeps its code in the log."""

import asyncio
import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from structlog.testing import capture_logs

from broker.ids import ExportFormat, ProjectId, RequestId, Verb
from broker.logs import get_logger
from broker.messages import Request
from reconstructor.config import Settings
from reconstructor.context import Context
from reconstructor.exports.child import Refusal
from reconstructor.viewing import exports
from reconstructor.viewing.exports import ExportRefusedError, folder_of, keep_few, remove_unfinished

CHAPEL = ProjectId("chapel")


def context_of(folder: Path) -> Context:
    found = SimpleNamespace(project=CHAPEL, settings=Settings(export_dir=folder), log=get_logger())
    return cast("Context", found)


async def test_clearing_old_exports_never_removes_the_one_that_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, looked = context_of(tmp_path), asyncio.Event()

    async def look(_: Context) -> None:
        looked.set()

    with folder_of(context).part(0) as left:
        left.joinpath("half.ply").write_bytes(b"ply")
        await remove_unfinished(context)
        assert not left.exists()
    monkeypatch.setattr(exports, "remove_old", look)
    with folder_of(context).part(0) as made:
        clearing = asyncio.create_task(keep_few(context))
        await looked.wait()
        assert made.is_dir()
        clearing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await clearing


async def test_the_code_of_a_refusal_is_in_the_log_and_in_the_answer(tmp_path: Path) -> None:
    output = asyncio.StreamReader()
    output.feed_data(Refusal(code="nothing_to_export", reason="no points yet").model_dump_json().encode() + b"\n")
    process = cast("asyncio.subprocess.Process", SimpleNamespace(stdout=output))
    request = Request(
        project=CHAPEL, id=RequestId("a"), verb=Verb.EXPORT, connection=RequestId("a"), format=ExportFormat.PLY
    )
    with capture_logs() as logs, pytest.raises(ExportRefusedError, match="no points yet") as refused:
        await exports._answer(context_of(tmp_path), process, request)
    assert [(each["event"], each["code"]) for each in logs] == [("export_refused", "nothing_to_export")]
    assert refused.value.code == "nothing_to_export"
