"""Previews on the page: a photograph is placed from a small one, which Chromium makes, before it has arrived."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from playwright.async_api import FilePayload, expect

from broker.contract import MAX_PREVIEW_BYTES
from broker.mosquitto import Mosquitto
from tests.browser.conftest import WAIT_MS, Visitor
from tests.browser.reconstruction import Reconstruction

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
SIZE_PX = (1600, 1000)
TURNED_RIGHT = 6  # EXIF's orientation of a photograph that a phone took upright


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures of the page go."""
    folder = Path(os.environ.get("CAIRN_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def large_photo(name: str) -> FilePayload:
    """A large JPEG that is stored lying: its left is red, its right is blue. Noise makes it too large for one message."""
    random = np.random.default_rng(7).integers(0, 60, (SIZE_PX[1], SIZE_PX[0], 3), dtype=np.uint8)
    random[:, : SIZE_PX[0] // 2, 0] += 190
    random[:, SIZE_PX[0] // 2 :, 2] += 190
    exif = Image.Exif()
    exif.update({Base.Make: "Acme", Base.Model: "Phone 7", Base.Orientation: TURNED_RIGHT})
    exif.get_ifd(IFD.Exif).update({Base.FocalLength: 4.5, Base.FocalLengthIn35mmFilm: 28, Base.MakerNote: b"m" * 3000})
    exif.get_ifd(IFD.GPSInfo).update({GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (48.0, 12.0, 30.0)})
    out = io.BytesIO()
    Image.fromarray(random).save(out, "JPEG", quality=90, exif=exif)
    return FilePayload(name=name, mimeType="image/jpeg", buffer=out.getvalue())


def assert_reduced(preview: bytes) -> None:
    """The preview is the stored photograph, smaller and not turned, with the facts that the engine needs."""
    with Image.open(io.BytesIO(preview)) as image:
        exif, pixels = image.getexif(), np.asarray(image.convert("RGB")).astype(int)
    assert (image.format, image.size) == ("WEBP", (1224, 765))
    assert len(preview) <= MAX_PREVIEW_BYTES
    red, blue = pixels[:, :500], pixels[:, 724:]
    assert (red[..., 0] - red[..., 2]).mean() > 150
    assert (blue[..., 2] - blue[..., 0]).mean() > 150
    details = exif.get_ifd(IFD.Exif)
    assert (exif[Base.Make], exif[Base.Model], exif[Base.Orientation]) == ("Acme", "Phone 7", TURNED_RIGHT)
    assert (details[Base.FocalLength], details[Base.FocalLengthIn35mmFilm]) == (4.5, 28)
    assert (details[Base.ExifImageWidth], details[Base.ExifImageHeight]) == SIZE_PX
    assert Base.MakerNote not in details
    assert exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] == (48.0, 12.0, 30.0)


async def test_a_large_photo_is_placed_from_its_preview_and_then_arrives_whole(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, screenshots: Path
) -> None:
    reconstruction.is_giving_receipts = False
    await reconstruction.ready(takes_previews=True)
    await phone.page.emulate_media(reduced_motion="reduce")
    await phone.join(mosquitto.connection("anna"))
    await phone.has(link="connected", notice="empty")
    await phone.page.get_by_test_id("handle").tap()
    photograph = large_photo("IMG_0001.JPG")
    await phone.page.get_by_test_id("upload-input").set_input_files(photograph)
    uploads = phone.page.get_by_test_id("uploads")
    await expect(uploads).to_contain_text("Placed from its preview as image 1", timeout=WAIT_MS)
    await expect(phone.page.get_by_test_id("previews")).to_contain_text("Its full size is still on the way")
    await expect(uploads).to_contain_text("sent, waiting for the receipt", timeout=WAIT_MS)
    await phone.page.screenshot(path=screenshots / "previews-phone.png")
    assert len(reconstruction.previews) == 1
    assert_reduced(reconstruction.previews[0])
    await reconstruction.give_receipts()
    await expect(uploads).to_contain_text("Stored as image 1", timeout=WAIT_MS)
    await expect(phone.page.get_by_test_id("previews")).to_have_count(0)
    assert reconstruction.images == [photograph["buffer"]]
