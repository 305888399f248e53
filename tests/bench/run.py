"""Measures the product and writes docs/benchmarks.json and the tables of docs/benchmarks.md.

`python -m tests.bench.run [--quick] [--soak] [--only NAME] [--rounds N] [--seconds S] [--check]`
"""

import argparse
import asyncio
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from typing import Final

import asyncpg
import msgspec

from tests.bench import (
    batches,
    deadlines,
    foresight,
    growth,
    ingest,
    lists,
    machine,
    memory,
    oncall,
    paging,
    queue,
    routing,
    storm,
    telemetry,
)
from tests.bench.report import Figure, Rows, at_least, grid, table
from tests.bench.world import World, world

DOCS: Final = machine.ROOT / "docs"
BEGIN: Final = "<!-- written by `make bench` -->"
END: Final = "<!-- end -->"


class Part(msgspec.Struct):
    figures: list[Figure]
    rows: Rows = {}


class Report(msgspec.Struct):
    machine: dict[str, str]
    parts: dict[str, Part]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.run")
    parser.add_argument("--quick", action="store_true", help="less of everything: to see whether it works")
    parser.add_argument("--only", action="append", choices=sorted(parts_of(3, 2.0, quick=True, soak=False)))
    parser.add_argument("--soak", action="store_true", help="and ten minutes of the storm, which part `storm` has then")
    parser.add_argument("--rounds", type=int, help="medians are of so many")
    parser.add_argument("--seconds", type=float, help="so long each server is loaded in each round")
    parser.add_argument("--check", action="store_true", help="exit code 1 when a target is missed by more than a tenth")
    given = parser.parse_args()
    parts = parts_of(
        given.rounds or 3, given.seconds or (0.6 if given.quick else 2.5), quick=given.quick, soak=given.soak
    )
    report = measure({name: parts[name] for name in given.only or parts})
    write(report, is_whole=not given.only and not given.quick)
    figures = [figure for part in report.parts.values() for figure in part.figures]
    is_broken = any(figure.reached is None for figure in figures)
    return int(is_broken or (given.check and any(figure.is_clear_miss for figure in figures)))


def parts_of(rounds: int, seconds: float, *, quick: bool, soak: bool) -> dict[str, Callable[[World], Part]]:
    return {
        "ingest": lambda made: Part(*ingest.measure(made, rounds=rounds, seconds=seconds)),
        "telemetry": lambda made: Part(*telemetry.measure(made, rounds=max(rounds, 5), seconds=seconds)),
        "paging": lambda made: Part(paging.measure(made, seconds=4.0 if quick else 10.0)),
        "list": lambda made: Part(lists.measure(made, rounds=rounds, seconds=seconds / 2)),
        "memory": lambda made: Part(memory.measure(made)),
        "oncall": lambda made: Part(oncall.measure(made, requests=300 if quick else oncall.REQUESTS)),
        "routing": lambda _: Part(routing.measure()),
        "foresight": lambda _: Part(foresight.measure()),
        "batches": lambda made: Part(*batches.measure(made, rounds=rounds, seconds=seconds)),
        "queue": lambda made: Part(queue.measure(made, rounds=rounds, quick=quick)),
        "growth": lambda made: Part(growth.measure(made, rounds=rounds, quick=quick)),
        "storm": lambda made: Part(*storm.measure(made, quick=quick, with_soak=soak)),
        "deadlines": lambda made: Part(*deadlines.measure(made, rounds=max(rounds, 5), quick=quick)),
    }


def measure(parts: dict[str, Callable[[World], Part]]) -> Report:
    measured: dict[str, Part] = {}
    with world() as made:
        report = Report(asyncio.run(machine_of(made)), measured)
        for name, part in parts.items():
            begun_at = time.monotonic()
            print(f"{time.strftime('%H:%M:%S')} {name} ...", flush=True)
            measured[name] = _measured(name, part, made)
            print(f"{name} ({time.monotonic() - begun_at:.0f} s)\n\n{tables_of(measured[name])}", flush=True)
    return report


def _measured(name: str, part: Callable[[World], Part], made: World) -> Part:
    """One that breaks costs its own figures, not those of the others."""
    try:
        return part(made)
    except Exception as error:  # noqa: BLE001  # whatever it is, the others are measured
        traceback.print_exc()
        return Part([at_least(name, None, None, "", note=f"broke: {type(error).__name__}")])


async def machine_of(made: World) -> dict[str, str]:
    connection = await asyncpg.connect(made.postgres.dsn("postgres"))
    try:
        version: str = await connection.fetchval("SHOW server_version")
        durable: str = await connection.fetchval(
            "SELECT current_setting('fsync') || ', ' || current_setting('synchronous_commit')"
        )
    finally:
        await connection.close()
    return {
        "cores": str(os.cpu_count()),
        "Python": platform.python_version(),
        "PostgreSQL": version,
        "fsync, synchronous_commit": durable,
        "load average before": f"{os.getloadavg()[0]:.1f}",
    }


def tables_of(part: Part) -> str:
    return table(part.figures) + (f"\n{grid(part.rows)}" if part.rows else "")


def write(report: Report, *, is_whole: bool) -> None:
    """A run of a part, or a quick one, is only shown: what the pages say is of one whole run."""
    if not is_whole:
        return
    (DOCS / "benchmarks.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    page = DOCS / "benchmarks.md"
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{written(report)}\n{END}{after}")


def written(report: Report) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    targets = table([figure for part in report.parts.values() for figure in part.figures])
    rows = "".join(f"\n{grid(part.rows)}" for part in report.parts.values() if part.rows)
    return f"Measured with {facts}.\n\n{targets}{rows}"


if __name__ == "__main__":
    sys.exit(main())
