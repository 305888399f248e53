"""`make fuzz`: nearly real bodies at every translator and every door for a while. A failure prints its seed."""

import argparse
import random
import resource
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import CASE_SECONDS, HangError, Target, at_most, peak_mebibytes, targets

BATCH: Final = 100  # cases that share what they are checked with
# More than a run needs by far; a body that would fill the machine fails instead.
ADDRESS_SPACE_BYTES: Final = 6 * 1024**3
GROWTH_MEBIBYTES: Final = 512.0
GUIDED_PART: Final = 0.25  # so much longer where Atheris is installed, which then has its turn


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
    if not chosen:
        parser.error(f"no target has {given_arguments.only!r} in its name")
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, resource.RLIM_INFINITY))
    first = random.SystemRandom().randrange(2**32) if given_arguments.seed is None else given_arguments.seed
    for target in chosen:
        if not _fuzz(target, first, given_arguments.seconds / len(chosen)):
            return 1
    if given_arguments.only is None and find_spec("atheris") is not None:
        seconds = max(1, round(given_arguments.seconds * GUIDED_PART))
        guided = [sys.executable, "-m", "tests.fuzz.guided", "--seconds", str(seconds)]
        return subprocess.run(guided, check=False).returncode
    return 0


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
