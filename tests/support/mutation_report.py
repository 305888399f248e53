"""`make mutation`: how many of the mutants of each package of rules the tests kill, after `mutmut run`.

Fails below the bound. Survivors are listed, to be looked at: most of them change the words of an error, which tests do
not repeat.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MUTANTS: Final = Path("mutants")
LEAST_KILLED_PERCENT: Final = 85
KILLED: Final = 1  # pytest's exit code when a test failed; a mutant that hangs is killed by its time limit
TIMED_OUT: Final = frozenset({-24, 24, 36, 152, 255})
NOT_RUN: Final = frozenset({None})


def verdicts() -> Iterator[tuple[str, int | None]]:
    """Every mutant by its name, with the exit code of the tests under it."""
    for meta in sorted(MUTANTS.rglob("*.meta")):
        yield from json.loads(meta.read_text())["exit_code_by_key"].items()


def main() -> int:
    made: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    survivors = []
    for name, code in verdicts():
        if code in NOT_RUN:
            continue
        package = ".".join(name.split(".")[:2])
        made[package] += 1
        if code == KILLED or code in TIMED_OUT:
            killed[package] += 1
        else:
            survivors.append(name)
    print(*survivors, sep="\n")
    below = False
    for package, count in sorted(made.items()):
        percent = 100 * killed[package] / count
        below |= percent < LEAST_KILLED_PERCENT
        print(
            f"{package}: {killed[package]} of {count} killed, {percent:.1f} %, at least {LEAST_KILLED_PERCENT} wanted"
        )
    return int(below or not made)


if __name__ == "__main__":
    sys.exit(main())
