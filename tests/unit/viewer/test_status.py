"""Which projects the board tells of, when its choice changes."""

from broker.contract import RECONSTRUCTOR_STATISTICS
from broker.ids import ProjectId
from broker.live import LiveMessage
from broker.messages import ReconstructorStatistics
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
