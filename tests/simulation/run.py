"""`python -m tests.simulation.run --seed N --steps M [--seeds K]`: simulations from K seeds, beginning with N."""

import argparse
import sys
import time
from random import SystemRandom

from tests.simulation.simulation import Simulation, SimulationError

MOST = 1_000_000  # a seed is short enough to be read out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(MOST), help="any by default")
    parser.add_argument("--steps", type=int, default=2000, help="turns while there are faults")
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after another")
    given = parser.parse_args(arguments)
    began, hours = time.monotonic(), 0.0
    for seed in range(given.seed, given.seed + given.seeds):
        try:
            report = Simulation(seed).run(given.steps)
        except SimulationError as error:
            print(error, file=sys.stderr)
            return 1
        hours += report.simulated.total_seconds() / 3600 * report.incidents
        print(
            f"seed {seed}: {report.steps} steps in {report.simulated}, {report.incidents} incidents, "
            f"{report.sends} sends, {report.answers} answers, {report.plans} plans, {report.outages} outages, "
            f"{report.crashes} crashes"
        )
    print(f"{given.seeds} seeds, {hours:,.0f} incident-hours in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
