"""Measure figures and keep them: `python -m benchmarks [--full] [SCRIPT…]`, all scripts when none is named.

Without `--full` every script runs in its short form; all of them together end within an hour. A script that fails or takes
too long does not stop the others; exit code 1 says that there was one. What this machine lacks for a script is said, too.
"""

import argparse
import sys
import time

from benchmarks.parts import plan_figures
from benchmarks.parts.forms import SCRIPTS, Form
from benchmarks.parts.results import BenchmarkError, Results, load, run, save, script_names, table


def main(words: list[str]) -> int:
    """Run the scripts one after the other and print one table of what they measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SCRIPT", help=f"one of {', '.join(script_names())}")
    parser.add_argument("--full", action="store_true", help="the full forms (hours)")
    wishes = parser.parse_args(words)
    if unknown := sorted(set(wishes.names) - set(SCRIPTS)):
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(SCRIPTS)}")
    form, began_s = Form.FULL if wishes.full else Form.SHORT, time.monotonic()
    measured, failed, lacking = Results(), dict[str, str](), dict[str, str]()
    for name in wishes.names or SCRIPTS:
        script = SCRIPTS[name]
        if (lack := script.lacks()) is not None:
            lacking[name] = lack
            continue
        print(f"==> benchmarks.{name} {' '.join(script.options(form))}", flush=True)
        try:
            result = run(name, script.options(form), form=form, limit_s=script.limit_s(form))
            measured = measured.with_result(result)
            results = load().with_result(result)
            save(results)
            plan_figures.write(results)
        except BenchmarkError as exc:
            print(exc, file=sys.stderr, flush=True)
            failed[name] = exc.sentence
    print(f"\n{table(measured)}")
    for name, lack in lacking.items():
        print(f"not measured: {name}: {lack}")
    for name, sentence in failed.items():
        print(f"failed: {name}: {sentence}")
    print(
        f"{len(measured.results)} of {len(wishes.names or SCRIPTS)} measured in {(time.monotonic() - began_s) / 60:.0f} min"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
