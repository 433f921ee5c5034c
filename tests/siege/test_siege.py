"""The short form of `make siege`: every twelfth of its inputs on the real programs, and the corpus itself."""

from collections import Counter
from pathlib import Path

from tests.siege.mutations import drawn
from tests.siege.programs import Programs
from tests.siege.report import LEAST_INPUTS, Report
from tests.siege.siege import run
from tests.siege.strikes import KINDS, corpus

SHORT_KINDS = tuple(kind for kind in KINDS if kind not in {"bomb", "beside", "page"})  # these take seconds each


def test_a_twelfth_of_the_siege_stops_nothing(tmp_path: Path) -> None:
    report = run(tmp_path / "siege", SHORT_KINDS, drawn_count=12, every=12)
    assert len(report.inputs) > LEAST_INPUTS / 12
    assert report.checked_count == len(report.inputs)
    broken = [*report.crashes, *report.hangs, *report.escapes, *report.disturbed, *report.not_placed]
    assert broken == []


def test_the_corpus_has_more_than_200_inputs_of_every_kind_and_each_its_own_name(tmp_path: Path) -> None:
    attacks = corpus(Programs(tmp_path))
    assert len(attacks) >= LEAST_INPUTS
    assert {attack.kind for attack in attacks} | {"drawn"} == set(KINDS)
    assert [name for name, count in Counter(attack.name for attack in attacks).items() if count > 1] == []


def test_the_same_inputs_are_drawn_each_time() -> None:
    assert [attack.name for attack in drawn(5)] == [attack.name for attack in drawn(5)]


def test_a_report_names_the_input_that_broke_a_bound_and_what_was_not_measured() -> None:
    report = Report(inputs=["image mpo"], crashes=["image mpo: the service ended"], checked_count=1)
    report.note_receipt(7.5, "bomb scans")
    report.note_receipt(0.5, "image text")
    lines = report.breaches()
    assert "crashes is 1, at most 0: image mpo: the service ended" in lines
    assert "longest_receipt_s is 7.5, at most 6.0: bomb scans" in lines
    assert "peak_decoder_mb was not measured" in lines
    assert report.figures()["next_good_image_placed_share"] == 1.0
