"""What it costs to tell: listeners of each commit, a collector of each request, and Prometheus of how many there were.

T10 of the measures: the rate with hints ÷ without, and the CPU with all traces and metrics ÷ without either.
"""

import contextlib
from collections import defaultdict
from statistics import median
from typing import Final

from tests.bench.ingest import Measured, Run, details, ratio, sent_to, server, turned
from tests.bench.load import Sent
from tests.bench.report import TIMES, Figure, Rows, at_least, at_most
from tests.bench.world import World

# `ours` gives hints and counts, and records no traces, as the product does until an SDK is installed.
VARIANTS: Final = ("ours", "silent", "traced", "sampled", "uncounted")
CONNECTIONS: Final = 32


def measure(world: World, *, rounds: int, seconds: float) -> tuple[list[Figure], Rows]:
    measured: Measured = defaultdict(list)
    with contextlib.ExitStack() as stack:
        servers = {variant: stack.enter_context(server(world, variant)) for variant in VARIANTS}
        for number in range(rounds):
            for variant in turned(VARIANTS, number):
                run = Run(variant, CONNECTIONS)
                measured[run].append(sent_to(servers, run, world, seconds))
    return figures(measured), details(measured)


def figures(measured: Measured) -> list[Figure]:
    ours, silent, traced, sampled, uncounted = (Run(variant, CONNECTIONS) for variant in VARIANTS)
    return [
        at_least(
            "events a second, 32 connections, with hints to listeners ÷ without",
            0.95,
            ratio(measured, ours, silent),
            TIMES,
        ),
        at_most(
            "server, CPU of an event, with all traces and metrics ÷ without",
            1.1,
            cpu(measured, traced, uncounted),
            TIMES,
        ),
        at_most(
            "server, CPU of an event, with a tenth of traces and metrics ÷ without",
            None,
            cpu(measured, sampled, uncounted),
            TIMES,
        ),
        at_most("server, CPU of an event, with metrics alone ÷ without", None, cpu(measured, ours, uncounted), TIMES),
    ]


def cpu(measured: Measured, run: Run, other: Run) -> float:
    """The median over rounds of the ratio inside a round."""
    pairs = zip(measured[run], measured[other], strict=True)
    return median(_cpu_of_one(ours) / _cpu_of_one(theirs) for ours, theirs in pairs)


def _cpu_of_one(sent: Sent) -> float:
    return sent.cpu_seconds["server"] / sent.accepted
