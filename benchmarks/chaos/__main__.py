"""Is no image lost and none numbered twice? Rigs, broker and reconstructor are killed at random while images flow.

`python -m benchmarks.chaos` (also `make chaos`): real programs, kill -9, half of the run with a broker that keeps what it
wrote and half with one that forgets everything. Rigs send a preview before each photograph. The end state must be that of
a run without kills, with every original and no preview left. One line of JSON last; exit code 1 when something is lost.
`--rival` adds a second reconstructor of the same project with a data folder of its own. `--broker ejabberd` (also
`make chaos BROKER=ejabberd`) does it with Debian's ejabberd, which is downloaded when it is not installed.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.chaos.outcome import run
from benchmarks.chaos.stage import Kind
from broker.logs import LogLevel, configure


def main() -> None:
    """Run both halves and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rigs", type=int, default=3)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rival", action="store_true", help="two reconstructors with folders of their own contest")
    parser.add_argument("--broker", type=Kind, choices=list(Kind), default=Kind.MOSQUITTO)
    wishes = parser.parse_args()
    configure(level=LogLevel.ERROR)
    halves = []
    for half, is_persistent in enumerate((True, False)):
        with tempfile.TemporaryDirectory(prefix="cairn-chaos-") as name:
            outcome = run(
                Path(name),
                images=wishes.images // 2,
                rigs=wishes.rigs,
                kills=(wishes.kills + 1) // 2,
                is_persistent=is_persistent,
                seed=wishes.seed + half,
                has_rival=wishes.rival,
                broker=wishes.broker,
            )
        print(f"{'default persistence' if is_persistent else 'no persistence'}: {asdict(outcome)}", flush=True)
        halves.append(outcome)
    names = ("images", "kills", "lost", "numbered_twice", "previews_taken", "previews_left_behind")
    figures = {name: sum(getattr(half, name) for half in halves) for name in names}
    is_good = all(half.is_end_state_equal for half in halves)
    print(json.dumps({"broker": wishes.broker} | figures | {"is_end_state_equal": is_good}), flush=True)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
