"""Measure figures and keep them: `python -m benchmarks [SCRIPT…]`, all scripts when none is named."""

import sys

from benchmarks.parts.results import BenchmarkError, load, run, save, script_names


def main(names: list[str]) -> int:
    """Run the scripts one after the other; a failing one does not stop the rest."""
    known = script_names()
    if unknown := sorted(set(names) - set(known)):
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    failed = []
    for name in names or known:
        print(f"==> benchmarks.{name}", flush=True)
        try:
            save(load().with_result(run(name)))
        except BenchmarkError as exc:
            print(exc, file=sys.stderr)
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "All figures are in benchmarks/results.json.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
