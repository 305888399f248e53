"""Our own processes, as an operator runs them: started, waited for, read, stopped and killed."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import aiohttp

from entrypoints.embedded.child import command_of, is_zombie

type Role = Literal["up", "http", "worker", "consumer"]

ROOT: Final = Path(__file__).parents[2]
# A start takes two seconds when nothing else runs, and the machine is shared by every worker of the tests.
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
# Below the ports that the system gives to outgoing connections, and apart for each worker of the tests.
FIRST_PORT: Final = 20_000
PORTS_PER_WORKER: Final = 400

_offsets: Final = itertools.count(os.getpid() % PORTS_PER_WORKER)


class ProcessError(AssertionError):
    """A process did not do what was waited for; the message has what it said."""


def program() -> str:
    """The console script of this environment."""
    return str(Path(sysconfig.get_path("scripts")) / "tocsin")


def free_port() -> int:
    """A port on loopback that nobody listens on, and that no other worker of the tests will be given."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw29").removeprefix("gw")
    first = FIRST_PORT + (int(worker) % 30) * PORTS_PER_WORKER
    for _ in range(PORTS_PER_WORKER):
        port = first + next(_offsets) % PORTS_PER_WORKER
        with contextlib.closing(socket.socket()) as candidate, contextlib.suppress(OSError):
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            candidate.bind(("127.0.0.1", port))
            return port
    raise ProcessError("no port is free")


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without its own settings, and with these: `database_url` is TOCSIN_DATABASE_URL."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    kept = {name: os.environ[name] for name in ("TOCSIN_PG_BIN", "TOCSIN_VALKEY_BIN") if name in os.environ}
    chosen = {f"TOCSIN_{name.upper()}": value for name, value in settings.items()}
    if inherited.pop("PYTHONDONTWRITEBYTECODE", ""):  # an installation has its bytecode; without, a start takes seconds
        inherited["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix) / "bytecode")
    nobodys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}
    return inherited | kept | nobodys | {"PYTHONUNBUFFERED": "1"} | chosen


class Process:
    """One `tocsin` process. Leaving it kills what is still there, with the engines that it started."""

    def __init__(self, role: Role, log: Path, settings: Mapping[str, str], *, cwd: Path = ROOT) -> None:
        self.role = role
        self.log = log
        self.address = settings.get("http_address", "")
        self.url = f"http://{self.address}"
        with log.open("ab") as output:
            self._from = output.tell()
            self._popen = subprocess.Popen(
                [program(), role],
                cwd=cwd,
                env=environment_of(settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C is for the tests
            )
        self.started = time.monotonic()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    @property
    def output(self) -> str:
        """What it has said since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def kill(self) -> None:
        """Without a word to it; returns when it is gone."""
        self._popen.kill()
        self._popen.wait()

    async def says(self, text: str, *, within: float = START_SECONDS) -> str:
        """Wait until its output has the text, and return the output."""
        deadline = time.monotonic() + within
        while text not in (output := self.output):
            if not self.is_running and text not in self.output:
                raise ProcessError(
                    f"{self.role} ended with {self._popen.returncode} and never said {text!r}:\n{output}"
                )
            if time.monotonic() > deadline:
                raise ProcessError(f"{self.role} did not say {text!r} within {within:g} s:\n{output}")
            await asyncio.sleep(0.02)
        return output

    async def ready(self, *, within: float = START_SECONDS) -> Self:
        """Wait until it works: a worker says so, an HTTP server answers its readiness."""
        if self.role not in {"http", "up"}:
            await self.says("started", within=within)
            return self
        deadline = time.monotonic() + within
        async with aiohttp.ClientSession() as client:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                    async with client.get(f"{self.url}/readyz", timeout=aiohttp.ClientTimeout(5)) as answer:
                        if answer.status == 200:
                            return self
                if not self.is_running:
                    raise ProcessError(f"{self.role} ended with {self._popen.returncode}:\n{self.output}")
                if time.monotonic() > deadline:
                    raise ProcessError(f"{self.role} was not ready within {within:g} s:\n{self.output}")
                await asyncio.sleep(0.05)

    async def ended(self, *, within: float = STOP_SECONDS) -> int:
        """Wait until it has ended by itself, and return its exit code."""
        deadline = time.monotonic() + within
        while (code := self._popen.poll()) is None:
            if time.monotonic() > deadline:
                raise ProcessError(f"{self.role} did not end within {within:g} s:\n{self.output}")
            await asyncio.sleep(0.02)
        return code

    async def stop(self, number: signal.Signals = signal.SIGTERM, *, within: float = STOP_SECONDS) -> int:
        """Ask it to stop, and return its exit code."""
        self.send(number)
        return await self.ended(within=within)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        children = children_of(self.pid)
        if self.is_running:
            self.send(signal.SIGCONT)  # a stopped process does not see the kernel end its children
            self.kill()
        self._popen.wait()
        deadline = time.monotonic() + STOP_SECONDS
        while any(is_alive(child) for child in children) and time.monotonic() < deadline:
            time.sleep(0.02)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    return bool(command_of(pid)) and not is_zombie(pid)


def children_of(pid: int) -> tuple[int, ...]:
    """The processes that this one started itself and that are still its own."""
    shown = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(int(word) for word in line.split()) for line in shown.splitlines()]
    return tuple(child for child, parent in pairs if parent == pid)


def processes_naming(text: str) -> tuple[int, ...]:
    """The processes, save for this one, whose command line has the text: a data directory names its engines."""
    shown = subprocess.run(["ps", "-e", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    found = [line.strip().partition(" ") for line in shown.splitlines() if text in line]
    return tuple(int(pid) for pid, _, _ in found if int(pid) != os.getpid() and is_alive(int(pid)))


@contextlib.contextmanager
def http(log: Path, settings: Mapping[str, str]) -> Iterator[Process]:
    """An HTTP server on a free port."""
    with Process("http", log, {"http_address": f"127.0.0.1:{free_port()}", **settings}) as process:
        yield process
