import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.parts.forms import ALL_SHORT_S, SCRIPTS, Form
from benchmarks.parts.results import (
    BEGIN,
    END,
    FOLDER,
    BenchmarkError,
    Result,
    Results,
    commit,
    figures,
    load,
    run,
    save,
    script_names,
)


def result(name: str, **measured: float) -> Result:
    return Result(name=name, measured_at=datetime(2026, 1, 2, tzinfo=UTC), machine="2 × test", figures=dict(measured))


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    path = tmp_path / "README.md"
    path.write_text(f"before\n{BEGIN}\nan old table\n{END}\nafter\n", encoding="utf-8")
    return path


def test_the_last_line_is_the_figures() -> None:
    assert figures("relay", '{"relay_mb_per_s": 87.5}') == {"relay_mb_per_s": 87.5}


@pytest.mark.parametrize("line", ["", "done", "[1, 2]", "{"])
def test_a_last_line_that_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(BenchmarkError, match=r"benchmarks\.relay"):
        figures("relay", line)


def test_a_new_result_takes_the_place_of_the_earlier_one() -> None:
    both = Results().with_result(result("relay", a=1)).with_result(result("dense", b=2))
    assert [each.name for each in both.results] == ["dense", "relay"]
    assert both.with_result(result("relay", a=3)).results == (result("dense", b=2), result("relay", a=3))


def test_a_short_run_stands_beside_a_full_one_which_gives_the_figure_if_it_has_it() -> None:
    short = result("relay", a=7, d=8).model_copy(
        update={"form": Form.SHORT, "measured_at": datetime(2026, 1, 3, tzinfo=UTC)}
    )
    both = Results().with_result(result("relay", a=1, b=2)).with_result(short)
    assert [each.form for each in both.results] == [Form.FULL, Form.SHORT]
    assert (both.figure("relay.a"), both.figure("relay.d")) == (1, 8)
    with pytest.raises(BenchmarkError, match=r"no figure relay\.c: run `make bench ARGS=relay`"):
        both.figure("relay.c")


def test_saved_results_are_read_back_and_shown_in_the_table(tmp_path: Path, readme: Path) -> None:
    saved = Results(results=(result("relay", relay_mb_per_s=87.512345),))
    save(saved, tmp_path / "results.json", readme)
    assert load(tmp_path / "results.json") == saved
    text = readme.read_text(encoding="utf-8")
    assert "| relay | full | relay_mb_per_s | 87.51 | 2026-01-02 | – | 2 × test |" in text
    assert "an old table" not in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")


def test_saving_again_changes_nothing(tmp_path: Path, readme: Path) -> None:
    saved = Results(results=(result("relay", a=1),))
    save(saved, tmp_path / "results.json", readme)
    before = readme.read_text(encoding="utf-8")
    save(saved, tmp_path / "results.json", readme)
    assert readme.read_text(encoding="utf-8") == before


def test_a_readme_without_a_place_for_the_table_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("nothing here", encoding="utf-8")
    with pytest.raises(BenchmarkError, match="no place for the table"):
        save(Results(), tmp_path / "results.json", path)
    assert path.read_text(encoding="utf-8") == "nothing here"


def test_no_results_are_no_error(tmp_path: Path) -> None:
    assert load(tmp_path / "results.json") == Results()


def test_the_tool_does_not_measure_itself() -> None:
    assert {"__main__", "results", "chaos", "soak"}.isdisjoint(script_names())


@pytest.mark.parametrize("name", script_names())
def test_a_script_is_what_can_be_run(name: str) -> None:
    module, package = FOLDER / f"{name}.py", FOLDER / name / "__main__.py"
    assert module.exists() != package.exists()
    assert '__name__ == "__main__"' in (module if module.exists() else package).read_text(encoding="utf-8")


def test_every_script_has_a_short_form_and_all_of_them_end_within_an_hour() -> None:
    assert set(SCRIPTS) == set(script_names())
    assert sum(script.limit_s(Form.SHORT) for script in SCRIPTS.values()) <= ALL_SHORT_S


def test_a_script_that_takes_too_long_is_ended() -> None:
    with pytest.raises(BenchmarkError, match=r"took longer than its 0\.2 s"):
        run("soak", ["--minutes", "1"], limit_s=0.2)


def test_a_run_says_which_commit_it_measured() -> None:
    assert re.fullmatch(r"[0-9a-f]{10}\+?", commit())


def test_a_script_that_fails_is_an_error_of_ours() -> None:
    with pytest.raises(BenchmarkError, match="exit code 1"):
        run("no_such_script")
