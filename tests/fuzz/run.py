"""`make fuzz`: nearly real bodies at every translator and every door for a while. A failure prints its seed.

Where atheris is installed, half of the time is its own: every translator again, guided by what the bodies cover.
"""

import argparse
import random
import resource
import subprocess
import sys
import time
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz import guided
from tests.fuzz.targets import HangError, Target, at_most, peak_mebibytes, targets
from tests.fuzz.translations import CASE_SECONDS

BATCH: Final = 100  # cases that share what they are checked with
# More than a run needs by far; a body that would fill the machine fails instead.
ADDRESS_SPACE_BYTES: Final = 6 * 1024**3
GROWTH_MEBIBYTES: Final = 512.0


def run_batch(target: Target, number: int, cases: int = BATCH) -> float:
    """Seconds of the slowest case. Raises what a case raises, once it is as small as it gets."""
    slowest = 0.0
    with target.open() as check:

        @settings(
            max_examples=cases,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            print_blob=False,
        )
        @seed(number)
        @given(target.cases)
        def examine(case: Any) -> None:
            nonlocal slowest
            started = time.perf_counter()
            try:
                with at_most(CASE_SECONDS):
                    check(case)
            except HangError:
                print(f"no end with {repr(case)[:500]}", file=sys.stderr)
                raise
            slowest = max(slowest, time.perf_counter() - started)

        examine()
    return slowest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together")
    parser.add_argument("--seed", type=int, help="of the first batch; otherwise any")
    parser.add_argument("--only", help="targets whose name has this in it")
    given_arguments = parser.parse_args()
    chosen = [each for each in targets() if given_arguments.only is None or given_arguments.only in each.name]
    is_guided = given_arguments.only is None and guided.is_possible()
    if not chosen:
        parser.error(f"no target has {given_arguments.only!r} in its name")
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, resource.RLIM_INFINITY))
    first = random.SystemRandom().randrange(2**32) if given_arguments.seed is None else given_arguments.seed
    seconds = given_arguments.seconds / 2 if is_guided else given_arguments.seconds
    for target in chosen:
        if not _fuzz(target, first, seconds / len(chosen)):
            return 1
    if is_guided:
        return _fuzz_guided(first, seconds)
    if given_arguments.only is None:
        print("not guided by coverage: atheris is not installed here")
    return 0


def _fuzz_guided(first: int, seconds: float) -> int:
    length = f"{max(1, round(seconds))}"
    command = (sys.executable, "-m", "tests.fuzz.guided", "--seconds", length, "--seed", f"{first}")
    ended = subprocess.run(
        command, timeout=seconds + guided.GRACE_SECONDS, check=False, stderr=subprocess.PIPE, text=True
    )
    if ended.returncode:
        print(ended.stderr[-guided.SHOWN_CHARACTERS :], file=sys.stderr)
        print(f"guided: failed; again with `python -m tests.fuzz.guided {guided.FAILED}/…`", file=sys.stderr)
    else:
        print(f"{'guided by coverage':<28} {guided.cases_in(ended.stderr):>7} cases")
    return ended.returncode


def _fuzz(target: Target, first: int, seconds: float) -> bool:
    """At least one batch. Whether nothing was found."""
    began, before = time.monotonic(), peak_mebibytes()
    number, slowest = first, 0.0
    try:
        while number == first or time.monotonic() - began < seconds:
            slowest = max(slowest, run_batch(target, number))
            number += 1
        growth = peak_mebibytes() - before
        assert growth <= GROWTH_MEBIBYTES, f"memory grew by {growth:.0f} MiB"
    except BaseException:
        print(f"{target.name}: failed; again with ARGS='--seed {number} --only {target.name}'", file=sys.stderr)
        raise
    print(
        f"{target.name:<28} {(number - first) * BATCH:>7} cases  slowest {slowest:6.3f} s  memory +{growth:.0f} MiB"
        f"  seed {first}"
    )
    return True


if __name__ == "__main__":
    sys.exit(main())
