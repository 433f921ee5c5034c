"""Which projects the board tells of, when its choice changes."""

import json
from pathlib import Path

from broker.contract import RECONSTRUCTOR_STATISTICS, REFERENCE
from broker.coverage.messages import Advice
from broker.ids import ProjectId
from broker.live import LiveMessage
from broker.messages import ReconstructorStatistics
from broker.wire.coverage_channels import ADVICE
from tests.manifests import paged
from viewer.config import Settings
from viewer.status import Board

CHAPEL, CASTLE = ProjectId("chapel"), ProjectId("castle")


def heard(board: Board, project: ProjectId) -> None:
    figures = [name for name, field in ReconstructorStatistics.model_fields.items() if field.is_required()]
    statistics = ReconstructorStatistics.model_validate(dict.fromkeys(figures, 1) | {"project": project})
    outgoing = RECONSTRUCTOR_STATISTICS.outgoing(Settings().broker.space, project, statistics)
    board.take(LiveMessage(topic=outgoing.topic, payload=outgoing.payload, is_retained=True))


async def test_a_project_that_is_no_longer_chosen_is_forgotten_and_stays_so() -> None:
    board = Board(Settings(projects=(CHAPEL, CASTLE)))
    for project in (CHAPEL, CASTLE):
        heard(board, project)
    assert board.projects() == (CASTLE, CHAPEL)
    await board.choose((CHAPEL,))
    heard(board, CASTLE)
    assert board.projects() == (CHAPEL,)
    assert board.status(CASTLE) is None


async def test_a_board_without_a_choice_tells_of_every_project_that_it_hears_of() -> None:
    board = Board(Settings(projects=(CHAPEL,)))
    await board.choose(())
    heard(board, CASTLE)
    assert board.projects() == (CASTLE,)


def test_advice_is_told_while_it_is_that_of_the_cloud() -> None:
    golden = json.loads((Path(__file__).parents[2] / "golden/messages/advice.json").read_text(encoding="utf-8"))
    advice = Advice.model_validate(golden["valid"][0]["message"])
    board, space = Board(Settings(projects=(CHAPEL,))), Settings().broker.space

    def point(generation: int) -> None:
        made = paged(CHAPEL, generation=generation)
        payload = made.manifest.encode()
        topic = space.topic(CHAPEL, REFERENCE.template)
        board.take(LiveMessage(topic=topic, payload=payload, is_retained=True))

    def told() -> tuple[str, ...]:
        status = board.status(CHAPEL)
        assert status is not None
        return status.advice

    outgoing = ADVICE.outgoing(space, CHAPEL, advice)
    board.take(LiveMessage(topic=outgoing.topic, payload=outgoing.payload, is_retained=True))
    assert told() == ()
    point(advice.generation)
    assert told()[0].startswith("Walk on")
    point(advice.generation + 1)
    assert told() == ()
    point(advice.generation)
    board.take(LiveMessage(topic=outgoing.topic, payload=b"", is_retained=True))
    assert told() == ()
