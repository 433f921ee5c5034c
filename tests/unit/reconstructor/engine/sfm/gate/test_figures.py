"""Are figures missing, and not bad, where there is nothing to measure them by?"""

from dataclasses import replace
from pathlib import Path

from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.gate.figures import measure_model
from reconstructor.engine.sfm.refetch_gate import objections_to
from tests.unit.reconstructor.engine.synthetic import Photographs, placed_engine

SETTINGS = EngineSettings(threads=1, max_features=1500, dense=False)
COUNT = 6


def test_photographs_that_cannot_be_read_leave_figures_out_and_are_no_objection(
    photographs: Photographs, tmp_path: Path
) -> None:
    engine = placed_engine(photographs, tmp_path, SETTINGS, COUNT)
    with_all = measure_model(engine.model, engine.known, SETTINGS)
    assert all(image.confirmed is not None for image in with_all.images)
    assert with_all.unreadable == ()
    facts = {n: each.model_copy(update={"path": "/gone.jpg"}) for n, each in engine.known.facts.items()}
    without = measure_model(engine.model, replace(engine.known, facts=facts), SETTINGS)
    assert [image.confirmed for image in without.images] == [None] * COUNT
    assert without.confirmed_across is None
    assert without.silent_pairs == ()
    assert without.unreadable == tuple(range(1, COUNT + 1))
    assert objections_to(without) == objections_to(with_all) == []
    assert without.tight_share == with_all.tight_share
