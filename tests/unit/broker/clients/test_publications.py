"""Does each PUBACK reach the call that waits for it, and no other?"""

from broker.clients.publications import Publications, PublishReason

SUCCESS = PublishReason(value=0, name="Success")
QUOTA = PublishReason(value=0x97, name="Quota exceeded")


async def test_each_answer_reaches_its_own_call() -> None:
    publications = Publications()
    with publications.expect(1) as first, publications.expect(2) as second:
        publications.resolve(2, QUOTA)
        publications.resolve(1, SUCCESS)
        assert (await first, await second) == (SUCCESS, QUOTA)


async def test_late_double_and_unknown_answers_change_nothing() -> None:
    publications = Publications()
    with publications.expect(1) as answer:
        publications.resolve(1, SUCCESS)
        publications.resolve(1, QUOTA)
        assert await answer == SUCCESS
    publications.resolve(1, QUOTA)  # must not raise
    publications.resolve(99, QUOTA)  # must not raise
