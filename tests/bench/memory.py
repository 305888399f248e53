"""What it takes to run: the memory of all that `tocsin up` starts, and the time until the command line answers."""

import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from tests.bench import machine
from tests.bench.report import Figure, at_most
from tests.bench.world import World

TOCSIN: Final = Path(sys.executable).with_name("tocsin")
TREE_MB: Final = 400.0
HELP_SECONDS: Final = 0.5
TRIES: Final = 5


def measure(world: World) -> list[Figure]:
    return [_tree(world), _help()]


def _tree(world: World) -> Figure:
    """Idle for a moment after its start; PostgreSQL is left out, whose memory is mostly the cache it is given."""
    port = machine.free_port()
    directory = world.directory / "up"
    with machine.running(
        "up",
        program=(str(TOCSIN),),
        port=port,
        log=world.log,
        environment={"TOCSIN_DATA_DIRECTORY": str(directory), "TOCSIN_HTTP_ADDRESS": f"127.0.0.1:{port}"},
    ) as process:
        ours = [each for each in machine.tree_of(process.pid) if "postgres" not in machine.command_of(each)]
        total = sum(map(machine.resident_megabytes, ours))
    shutil.rmtree(directory, ignore_errors=True)
    return at_most("memory of all that `tocsin up` starts, without PostgreSQL", TREE_MB, total, "MB")


def _help() -> Figure:
    name = "`tocsin --help`"
    taken = []
    for _ in range(TRIES):
        before = perf_counter()
        run = subprocess.run([TOCSIN, "--help"], capture_output=True, env=machine.clean_environment(), check=False)
        taken.append(perf_counter() - before)
        if run.returncode:
            return at_most(name, HELP_SECONDS, None, "s", note=f"it ends with {run.returncode}")
    return at_most(name, HELP_SECONDS, median(taken), "s")
