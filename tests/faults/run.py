"""`make faults`: every fault at length against real processes; a table for people, JSON for machines.

`--only F1 F3` chooses, `--small` is the size of the tests, `--times` repeats with other seeds, `--json` names the file.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from tests.faults.scenarios import LARGE, SCENARIOS, SMALL, Report, Size, as_json
from tests.support import engines

SHOWN = 5  # violations of one fault; the file has all
COLUMNS = ("fault", "seed", "kills", "accepted", "lost", "duplicates", "late p99 s", "seconds", "verdict")


def main() -> int:
    arguments = parsed()
    size = SMALL if arguments.small else LARGE
    results: list[dict[str, Any]] = []
    print(row(COLUMNS))
    with engines.session():
        for seed in range(arguments.seed, arguments.seed + arguments.times):
            for name in arguments.only or SCENARIOS:
                began = time.monotonic()
                report = once(name, seed, size)
                seconds = time.monotonic() - began
                results.append(as_json(report) | {"seconds": seconds})
                show(report, seconds)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps({"size": size._asdict(), "faults": results}, indent=2) + "\n")
    violations = sum(len(result["violations"]) for result in results)
    print(f"\n{len(results)} faults, {violations} violations; {arguments.json}")
    return 1 if violations else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults ARGS=", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(SCENARIOS), metavar="FAULT", help=", ".join(SCENARIOS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", type=Path, default=Path("dist/faults.json"))
    return parser.parse_args()


def once(name: str, seed: int, size: Size) -> Report:
    """One scenario in a database and a directory of its own. What breaks it is a violation too."""
    directory = Path(tempfile.mkdtemp(prefix="tocsin-faults-"))
    if os.geteuid() == 0:
        directory.chmod(0o711)  # engines that root starts run as someone else
    try:
        with engines.database() as dsn:
            return engines.run(SCENARIOS[name](dsn, directory, seed, size))
    except Exception as error:  # noqa: BLE001  # the other faults are worth their figures
        traceback.print_exc()
        broken = f"it broke off: {type(error).__name__}: {error}"
        return Report(name, seed, 0, 0, 0, 0, 0.0, violations=[broken])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def show(report: Report, seconds: float) -> None:
    verdict = "holds" if not report.violations else "BROKEN"
    late = f"{report.late_p99_seconds:.2f}"
    counts = (report.kills, report.accepted, report.lost, report.duplicates)
    print(row((report.fault, report.seed, *counts, late, f"{seconds:.0f}", verdict)), flush=True)
    if report.figures:
        print("    " + "  ".join(f"{name}={value:.4g}" for name, value in report.figures.items()))
    for violation in report.violations[:SHOWN]:
        print(f"    ! {violation.splitlines()[0]}")
    if len(report.violations) > SHOWN:
        print(f"    ! and {len(report.violations) - SHOWN} more")


def row(cells: tuple[object, ...]) -> str:
    widths = (22, 5, 6, 9, 6, 11, 11, 8, 8)
    return " ".join(f"{cell!s:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
