"""What did each benchmark say, when, and on which machine? The last line of a script's output is its figures."""

import contextlib
import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import psutil
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from benchmarks.parts.forms import FULL_LIMIT_S, Form
from broker.errors import CairnError

FOLDER: Final = Path(__file__).parent.parent
RESULTS: Final = FOLDER / "results.json"
README: Final = FOLDER / "README.md"
BEGIN: Final = "<!-- results: written by `make bench` -->"
END: Final = "<!-- end of results -->"

_HEADINGS: Final = "| benchmark | form | figure | value | measured | commit | machine |"
_FIGURES: Final = TypeAdapter(dict[str, JsonValue])
# The tool itself, and what has a make target of its own; what scripts share lies in `parts`.
_NOT_MEASURED: Final = {"__main__", "__init__", "chaos", "fit", "month", "soak"}


class BenchmarkError(CairnError):
    """A script that failed, or whose last line is not its figures."""

    code = "benchmark_failed"


class Result(BaseModel):
    """One run of one script.

    Attributes:
        form: short or full; both are kept beside each other.
        commit: what was measured, with `+` when files differed from it; empty for runs before 2026-11-29.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    form: Form = Form.FULL
    measured_at: datetime
    commit: Annotated[str, Field(max_length=64)] = ""
    machine: str
    figures: dict[str, JsonValue]


class Results(BaseModel):
    """The newest run of every script, as `results.json` keeps them."""

    model_config = ConfigDict(frozen=True)

    results: tuple[Result, ...] = ()

    def with_result(self, result: Result) -> "Results":
        """Put the result in place of its script's earlier one of the same form."""
        others = (other for other in self.results if (other.name, other.form) != (result.name, result.form))
        return Results(results=tuple(sorted([*others, result], key=lambda each: (each.name, each.form))))

    def figure(self, path: str) -> JsonValue:
        """A figure by `name.key` or `name.key.key`, of the full form where it was run; raises BenchmarkError."""
        return self.found(path)[1]

    def found(self, path: str) -> tuple[Result, JsonValue]:
        """A figure like `figure`, with the run that it comes from."""
        name, *keys = path.split(".")
        for result in sorted((each for each in self.results if each.name == name), key=lambda each: each.form):
            value: JsonValue = dict(result.figures)
            for key in keys:
                value = value.get(key) if isinstance(value, dict) else None
            if value is not None:
                return result, value
        raise BenchmarkError(f"benchmarks/results.json has no figure {path}: run `make bench ARGS={name}`")


def script_names() -> list[str]:
    """Name every script in this folder that prints figures: a module, or a package that can be run."""
    packages = {path.parent.name for path in FOLDER.glob("*/__main__.py")}
    return sorted(({path.stem for path in FOLDER.glob("*.py")} | packages) - _NOT_MEASURED)


def machine() -> str:
    """Describe this computer in the words that make a figure comparable."""
    memory_gib = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} × {_processor()}, {memory_gib:.0f} GiB, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def commit() -> str:
    """The commit that is measured, with `+` when files differ from it; empty without git."""
    try:
        short = _git("rev-parse", "--short=10", "HEAD")
        return short + ("+" if _git("status", "--porcelain", "--untracked-files=no", "--", ":!benchmarks") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=FOLDER.parent, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def run(name: str, arguments: Iterable[str] = (), *, form: Form = Form.FULL, limit_s: float = FULL_LIMIT_S) -> Result:
    """Run `python -m benchmarks.<name>`, show what it prints, and keep its last line.

    Raises:
        BenchmarkError: the script failed, took too long, or printed no figures.
    """
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    last_line, measured = "", commit()
    with subprocess.Popen(
        command, cwd=FOLDER.parent, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as script:
        over = threading.Event()
        timer = threading.Timer(limit_s, _end, (script.pid, over))
        timer.start()
        try:
            for line in script.stdout or ():
                print(line, end="", flush=True)
                last_line = line.strip() or last_line
            script.wait()
        except BaseException:
            _end(script.pid, over)
            raise
        finally:
            timer.cancel()
    if over.is_set():
        raise BenchmarkError(f"benchmarks.{name} took longer than its {limit_s:g} s and was ended")
    if script.returncode != 0:
        raise BenchmarkError(f"benchmarks.{name} ended with exit code {script.returncode}: see its output above")
    return Result(
        name=name,
        form=form,
        measured_at=datetime.now(UTC),
        commit=measured,
        machine=machine(),
        figures=figures(name, last_line),
    )


def _end(pid: int, over: threading.Event) -> None:
    """End a script with everything that it started: it leads a session of its own."""
    over.set()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def figures(name: str, line: str) -> dict[str, JsonValue]:
    """Read a script's last line.

    Raises:
        BenchmarkError: it is not one JSON object.
    """
    try:
        return _FIGURES.validate_json(line)
    except ValidationError as exc:
        raise BenchmarkError(f"the last line of benchmarks.{name} is not one JSON object: {line[:80]!r}") from exc


def load(path: Path = RESULTS) -> Results:
    """Read the results kept so far; none when there is no file."""
    return Results.model_validate_json(path.read_bytes()) if path.exists() else Results()


def save(results: Results, path: Path = RESULTS, readme: Path = README) -> None:
    """Write the results, and the table that people read."""
    path.write_text(results.model_dump_json(indent=2) + "\n", encoding="utf-8")
    text = readme.read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise BenchmarkError(f"{readme} has no place for the table: put back the lines {BEGIN!r} and {END!r}")
    readme.write_text(f"{head}{BEGIN}\n{table(results)}{END}{tail}", encoding="utf-8")


def table(results: Results) -> str:
    """Write the results as a Markdown table, one row per figure."""
    rows = [
        f"| {result.name} | {result.form} | {figure} | {_cell(value)} | {result.measured_at:%Y-%m-%d} "
        f"| {result.commit or '–'} | {result.machine} |"
        for result in results.results
        for figure, value in result.figures.items()
    ]
    return "\n".join([_HEADINGS, "|---|---|---|---|---|---|---|", *rows, ""])


def _cell(value: JsonValue) -> str:
    """Show a number with four digits at most, a nested value by its entries."""
    match value:
        case dict():
            return ", ".join(f"{name} {_cell(entry)}" for name, entry in value.items())
        case list():
            return ", ".join(_cell(entry) for entry in value)
        case float():
            return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
        case bool() | None | str():
            return str(value)
        case _:
            return f"{value:,}"
