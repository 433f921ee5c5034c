"""`@cairn/viewer` as a third party uses it: a fresh Vite and Vue project from the npm registry, for `make elements-test`.

pytest does not collect this file by itself: it asks the registry and takes minutes.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from broker.mosquitto import Mosquitto
from tests.browser.elements import files_served, follows_a_project, shows_files, write_clouds
from tests.browser.reconstruction import Reconstruction

pytestmark = [pytest.mark.timeout(900), pytest.mark.asyncio(loop_scope="module")]
ROOT = Path(__file__).parents[2]
DEV_PORT = 5199


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=400, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of `npm create vite` with the packed elements, type-checked and built."""
    folder = tmp_path_factory.mktemp("fresh")
    command = [sys.executable, "-m", "cairn", "view", "elements", str(folder / "elements")]
    assert "package.json" in run(command, ROOT)
    packed = run(["npm", "pack", "--silent", "./elements"], folder).split()[-1]
    run(["npx", "--yes", "create-vite@latest", "app", "--template", "vue-ts", "--no-interactive"], folder)
    app = folder / "app"
    run(["npm", "install", "--no-audit", "--no-fund"], app)
    run(["npm", "install", "--no-audit", "--no-fund", f"../{packed}"], app)
    for name in ("App.vue", "main.ts"):
        shutil.copy(ROOT / "tests/browser/application/src" / name, app / "src")
    return app


@pytest.fixture(scope="module")
def built(project: Path) -> Path:
    run(["npx", "vue-tsc", "-b"], project)
    wrong = project / "src/Wrong.vue"
    wrong.write_text(
        '<script setup lang="ts">import { CairnCloud } from "@cairn/viewer/vue";</script>'
        '<template><CairnCloud :up="3" @pick="(detail: number) => detail" /></template>'
    )
    refused = subprocess.run(["npx", "vue-tsc", "-b"], cwd=project, capture_output=True, text=True, check=False)
    wrong.unlink()
    assert refused.stdout.count("error TS") >= 2, "the types of the components say nothing"
    run(["npx", "vite", "build"], project)
    return project / "dist"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def origin(built: Path) -> AsyncIterator[str]:
    write_clouds(built)
    async with files_served(built) as given:
        yield given


@contextlib.contextmanager
def developing(project: Path) -> Iterator[str]:
    """The development server, whose optimiser turns packages into files of its own; gives its origin."""
    write_clouds(project / "public")
    command = ["npx", "vite", "--port", str(DEV_PORT), "--strictPort", "--host", "127.0.0.1"]
    server = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert server.stdout is not None
        assert any("ready in" in line for line in server.stdout)
        yield f"http://127.0.0.1:{DEV_PORT}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=20)


async def test_files_are_shown_and_picked(browser: Browser, origin: str) -> None:
    await shows_files(browser, origin)


async def test_a_project_is_followed(
    browser: Browser, origin: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await follows_a_project(browser, origin, mosquitto, reconstruction)


async def test_the_development_server_shows_the_same(
    browser: Browser, project: Path, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    with developing(project) as given:
        await shows_files(browser, given)
        await follows_a_project(browser, given, mosquitto, reconstruction)
