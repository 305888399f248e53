"""One engine as a child process: started without our rights, ended with us, found again when it outlived us."""

import asyncio
import contextlib
import ctypes
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from entrypoints.embedded.directory import Owner
from entrypoints.embedded.errors import EmbeddedStartError

type Report = Callable[[str], None]

POLL_SECONDS: Final = 0.02
REPORT_SECONDS: Final = 5.0
LOG_BYTES: Final = 5_000_000  # a log longer than this is set aside at the next start
LOG_TAIL_BYTES: Final = 65_536
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
ENVIRONMENT: Final[Mapping[str, str]] = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # ours may hold secrets


def spawn(
    argv: Sequence[str | Path], *, cwd: Path, log: int, owner: Owner, on_our_death: signal.Signals
) -> subprocess.Popen[bytes]:
    """Start a program as its owner, in a session of its own, with its output in the log.

    On Linux the kernel sends it `on_our_death` when the *thread* that called this ends, so call it from one that
    lives as long as the process.

    Raises:
        EmbeddedStartError: the system does not let us.
    """
    command = [str(word) for word in argv]
    last_act = None
    if sys.platform == "linux":
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", on_our_death.name.removeprefix("SIG"), "--", *command]
        else:
            last_act = functools.partial(die_with_parent, ctypes.CDLL(None), int(on_our_death))
    as_root = os.geteuid() == 0
    try:
        return subprocess.Popen(  # noqa: S603 - uvloop's own subprocesses cannot change their user
            command,
            cwd=cwd,
            env=dict(ENVIRONMENT),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us to answer: the engine must outlive our own draining
            umask=0o077,
            preexec_fn=last_act,  # noqa: PLW1509 - it only makes one system call
            user=owner.uid if as_root else None,
            group=owner.gid if as_root else None,
            extra_groups=[] if as_root else None,
        )
    except OSError as error:
        raise EmbeddedStartError(f"cannot run {argv[0]}: {error.strerror}") from error


def die_with_parent(libc: ctypes.CDLL, number: int) -> None:
    """Ask the kernel for a signal at the parent's death; runs in the child, just before its program."""
    libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def open_log(path: Path) -> int:
    """Open a log for appending, after setting aside one that has grown long."""
    with contextlib.suppress(FileNotFoundError):
        if path.lstat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def tail(path: Path, *, start: int) -> str:
    """The end of what a log has gained since it was `start` bytes long."""
    try:
        with path.open("rb") as log:
            log.seek(max(start, path.stat().st_size - LOG_TAIL_BYTES))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


async def until_exit(process: subprocess.Popen[bytes], report: Report, still: str) -> int:
    """Wait for a child to end, however long it takes, and say now and then that we wait.

    It polls, so that it works under any event loop and from any thread.
    """
    pace = Pace(report)
    while (code := process.poll()) is None:
        pace.tell(still)
        await asyncio.sleep(POLL_SECONDS)
    return code


class Pace:
    """Reports on something slow, not more often than every few seconds."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._started = self._last = time.monotonic()

    def tell(self, what: str) -> None:
        now = time.monotonic()
        if now - self._last >= REPORT_SECONDS:
            self._last = now
            self._report(f"{what} ({now - self._started:.0f} s so far)")


async def end_orphan(pid: int, report: Report, name: str) -> None:
    """Stop an engine that outlived its supervisor, in its own fast way, and wait until it is gone.

    Raises:
        EmbeddedStartError: it belongs to someone whom we may not stop.
    """
    report(f"stopping {name} of an earlier run, process {pid}")
    pace = Pace(report)
    try:
        os.kill(pid, signal.SIGINT)
        while True:
            os.kill(pid, 0)
            pace.tell(f"waiting for {name} of an earlier run to stop")
            await asyncio.sleep(POLL_SECONDS)
            if is_zombie(pid):
                return
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise EmbeddedStartError(
            f"{name} of an earlier run is still there, as process {pid} of another user"
        ) from error


def is_zombie(pid: int) -> bool:
    """Whether a process has ended and only waits for its parent to notice; a container may have no one who does."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] == "Z"


def command_of(pid: int) -> str:
    """The command line of a running process, or nothing."""
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(OSError):
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
        return ""
    shown = subprocess.run(["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)  # noqa: S603
    return os.fsdecode(shown.stdout)
