"""Processes and what they cost: CPU time and memory as the kernel counts them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
MODULE: Final = (sys.executable, "-m")
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 15.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_UTIME: Final = 11  # of the fields that follow the name, proc(5)


class BenchError(Exception):
    """A process of the measurement did not do its part."""


def tree_of(pid: int) -> list[int]:
    """The process and everything it started that still runs."""
    parents = {
        int(path.parent.name): int(fields[1]) for path in Path("/proc").glob("[0-9]*/stat") if (fields := _stat(path))
    }
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def _stat(path: Path) -> list[str]:
    """The fields after the program's name; none for a process that has just ended."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds(pid: int) -> float:
    """What the tree has used so far, its ended children included."""
    total = 0
    for each in tree_of(pid):
        total += sum(int(field) for field in _stat(Path(f"/proc/{each}/stat"))[_UTIME : _UTIME + 4])
    return total / _TICKS


def resident_megabytes(pid: int) -> float:
    """The memory of one process, not of its children."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise BenchError(f"process {pid} has no memory of its own any more")


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextlib.contextmanager
def running(
    *words: str, port: int, log: Path, environment: dict[str, str], program: tuple[str, ...] = MODULE
) -> Iterator[subprocess.Popen[str]]:
    """A process of its own, a Python module unless told, once it listens on the port; ended by SIGTERM.

    Raises:
        BenchError: it does not start.
    """
    process = start(*words, log=log, program=program, environment=environment)
    try:
        _until_it_listens(process, port, log)
        yield process
    finally:
        stop(process)


def start(
    *words: str, log: Path, environment: dict[str, str], program: tuple[str, ...] = MODULE
) -> subprocess.Popen[str]:
    with log.open("a") as output:
        return subprocess.Popen(
            [*program, *words],
            cwd=ROOT,
            env=clean_environment() | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )


def clean_environment() -> dict[str, str]:
    """Ours, without settings of the service that happen to be set."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}


def stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def say(line: str) -> None:
    """To whoever started this process.

    By hand: once uvloop has run here, a write of more than a pipe holds ends early, and `sys.stdout` does not notice.
    """
    left = memoryview(f"{line}\n".encode())
    while left:
        left = left[os.write(sys.stdout.fileno(), left) :]


def answer_of(process: subprocess.Popen[str], *, log: Path) -> str:
    """What it has to say in one line. Raises `BenchError` when it ends without a word."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        raise BenchError(f"a process ended without a word: {process.args!r}\n{log.read_text()}")
    return line


def _until_it_listens(process: subprocess.Popen[str], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise BenchError(f"a process does not listen: {process.args!r}\n{log.read_text()}")
        time.sleep(0.02)
