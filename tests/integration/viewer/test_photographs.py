"""A whole photograph over HTTP: for everybody who sees the project, kept, and one at a time for each user."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from broker.contract import PHOTO
from broker.ids import ImageId
from broker.messages import Request
from broker.mosquitto import Mosquitto
from tests.integration.viewer.answerer import Answerer, answering
from tests.integration.viewer.conftest import basic, credentials_of
from tests.integration.viewer.publisher import CHAPEL, IMAGE_ID, Publisher
from tests.photographs import photograph

PREVIEWED = ImageId("walk-000008-0123456789abcdef")
JPEG = photograph(1)


class Reconstructor(Answerer):
    """Answers for two images: of one it has the original, of the other only the preview."""

    at_once = most_at_once = 0

    async def prepare(self, user: str, request: Request) -> bool:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.05)
        is_known = request.image_id in {IMAGE_ID, PREVIEWED}
        if request.image_id is not None and is_known:
            await self.publish(PHOTO.outgoing(self.space, CHAPEL, JPEG, user=user, image_id=request.image_id))
        self.at_once -= 1
        return is_known

    def is_preview(self, request: Request) -> bool:
        return request.image_id == PREVIEWED


@pytest.fixture
async def reconstructor(mosquitto: Mosquitto, publisher: Publisher) -> AsyncIterator[Reconstructor]:
    await publisher.state()
    answerer = Reconstructor(mosquitto)
    async with answering(answerer):
        yield answerer


async def test_everybody_who_sees_the_project_gets_its_photographs(
    reconstructor: Reconstructor, page: str, mosquitto: Mosquitto
) -> None:
    address = f"{page}/projects/{CHAPEL}/photo/{IMAGE_ID}"
    viewer, anna = (basic(*credentials_of(mosquitto.connection(name))) for name in ("viewer", "anna"))
    async with aiohttp.ClientSession() as session:

        async def fetch(url: str, headers: dict[str, str]) -> tuple[int, bytes, str | None, str | None]:
            async with session.get(url, headers=headers) as answer:
                kept = answer.headers.get("Cache-Control")
                return answer.status, await answer.read(), answer.headers.get("X-Cairn-Preview"), kept

        async with asyncio.timeout(30):
            while (await fetch(f"{page}/projects/{CHAPEL}/status", viewer))[0] != 200:
                await asyncio.sleep(0.05)
        several = await asyncio.gather(*(fetch(f"{address}?side={side}", viewer) for side in (800, 900, 1000)))
        assert [each[:3] for each in several] == 3 * [(200, JPEG, "false")]
        assert sorted(each.max_side_px for _, each in reconstructor.asked) == [800, 900, 1000]
        assert reconstructor.most_at_once == 1
        assert (await fetch(f"{address}?side=900", anna))[1] == JPEG
        assert len(reconstructor.asked) == 3  # it was kept
        for count in (4, 5):  # a preview is not
            found = await fetch(f"{page}/projects/{CHAPEL}/photo/{PREVIEWED}", viewer)
            assert found == (200, JPEG, "true", "no-store")
            assert len(reconstructor.asked) == count
        for url, headers, status in (
            (address, {}, 401),
            (f"{page}/projects/other/photo/{IMAGE_ID}", viewer, 404),
            (f"{page}/projects/{CHAPEL}/photo/walk-000009-0123456789abcdef", viewer, 404),
            (f"{page}/projects/{CHAPEL}/photo/..%2f..%2fetc", viewer, 404),
            (f"{address}?side=100", viewer, 400),
            (f"{address}?side=9999", viewer, 400),
        ):
            assert (await fetch(url, headers))[0] == status, url
