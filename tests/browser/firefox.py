"""Does the page work in Debian's Firefox? Logging in, the cloud, a photograph and a reload, for `make firefox-test`.

pytest does not collect this file by itself: not every machine has Firefox.
"""

import json
from pathlib import Path

import pytest

from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import photo
from tests.browser.firefox_session import Firefox, firefox
from tests.browser.reconstruction import Reconstruction

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]

VIEWER = "document.querySelector('cairn-viewer')"
LEAST_LIT = 1_000
# Every element of the page, also those within elements of our own.
DEEP = """
(() => { const all = root => [...root.querySelectorAll('*')].flatMap(each =>
    [each, ...(each.shadowRoot ? all(each.shadowRoot) : [])]); return all(document); })()
"""
LIT = f"""
{VIEWER}.capture().then(createImageBitmap).then(image => {{
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    const {{data}} = canvas.getImageData(0, 0, image.width, image.height);
    let lit = 0;
    for (let at = 3; at < data.length; at += 4) if (data[at] > 0) lit++;
    return lit; }})
"""


async def log_in(page: Firefox, account: dict[str, str]) -> None:
    """Fill the form as a person does, and open the project."""
    form = f"{DEEP.strip()}.find(each => each.localName === 'form' && each.elements.password)"
    await page.until(f"{form} !== undefined")
    await page.value(f"""
        (() => {{ const form = {form};
            for (const [name, value] of Object.entries({json.dumps(account)})) {{
                form.elements[name].value = value;
                form.elements[name].dispatchEvent(new Event('input', {{bubbles: true}})); }}
            form.requestSubmit(); }})()
    """)


async def shows(page: Firefox, point_count: int) -> None:
    """Wait until all points are there, and something is drawn."""
    await page.until(f"{VIEWER}?.getAttribute('link') === 'connected'")
    await page.until(f"{VIEWER}.getAttribute('points-shown') === '{point_count}'")
    await page.until(f"{LIT.strip()}.then(lit => lit >= {LEAST_LIT})")


async def test_firefox_shows_the_cloud_sends_a_photo_and_stays_logged_in(
    address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path
) -> None:
    manifest = await reconstruction.publish([chapel(20_000)], generation=1)
    await reconstruction.cameras(6)
    await reconstruction.ready(image_count=6)
    anna = mosquitto.connection("anna")
    photograph = tmp_path / "door.jpg"
    photograph.write_bytes(photo()["buffer"])
    async with firefox() as page:
        await page.open(address)
        await log_in(page, {"project": "chapel", "user": anna.username or "", "password": anna.secret() or ""})
        await shows(page, manifest.point_count)
        await page.choose(f"{DEEP.strip()}.find(each => each.dataset.testid === 'upload-input')", photograph)
        uploads = f"{DEEP.strip()}.find(each => each.dataset.testid === 'uploads')"
        await page.until(f"{uploads}?.textContent.includes('Stored as image')")
        await page.reload()
        await shows(page, manifest.point_count)
        assert page.errors == []
    assert len(set(reconstruction.names)) == len(set(reconstruction.images)) == 1
