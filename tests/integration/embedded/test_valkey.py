"""The embedded Valkey starts, stops, and comes back after every way in which it or its supervisor can end."""

# ruff: noqa: ASYNC110, ASYNC220, ASYNC240 - the tests are about files and processes, and nothing else shares their loop

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from redis.asyncio import Redis

from entrypoints.embedded.child import command_of, is_zombie
from entrypoints.embedded.directory import SOCKET_PATH_BYTES
from entrypoints.embedded.errors import EmbeddedStartError
from entrypoints.embedded.valkey import EmbeddedValkey, find_program, reason

pytestmark = pytest.mark.process

SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from entrypoints.embedded.valkey import EmbeddedValkey

async def main():
    valkey = EmbeddedValkey(Path(sys.argv[1]))
    await valkey.start()
    print(valkey.pid, flush=True)
    await valkey.wait()

asyncio.run(main())
"""


async def write(url: str) -> None:
    async with Redis.from_url(url) as client:
        assert await client.set("kept", "7")


async def read(url: str) -> bytes | None:
    async with Redis.from_url(url) as client:
        found = await client.get("kept")
        assert not isinstance(found, str)
        return found


async def test_it_keeps_what_was_written_over_a_stop_and_a_start(engine_directory: Path) -> None:
    valkey = EmbeddedValkey(engine_directory / "valkey")
    url = await valkey.start()
    first = valkey.pid
    await write(url)
    await valkey.stop()
    assert not command_of(first)

    assert await valkey.start() == url
    assert await read(url) == b"7"
    await valkey.stop()
    await valkey.stop()


async def test_without_durability_it_keeps_nothing(engine_directory: Path) -> None:
    valkey = EmbeddedValkey(engine_directory, durability=False)
    await write(await valkey.start())
    await valkey.stop()
    assert await read(await valkey.start()) is None
    await valkey.stop()


async def test_only_its_owner_can_reach_it_and_it_does_not_run_as_root(engine_directory: Path) -> None:
    valkey = EmbeddedValkey(engine_directory)
    url = await valkey.start()
    try:
        socket = Path(unquote(url.removeprefix("unix://")))
        assert socket.stat().st_mode & 0o077 == 0
        assert socket.parent.stat().st_mode & 0o077 == 0
        assert socket.stat().st_uid != 0
        async with Redis.from_url(url) as client:
            assert (await client.config_get("port"))["port"] == "0"
            assert (await client.config_get("appendonly"))["appendonly"] == "yes"
    finally:
        await valkey.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_a_killed_supervisor_leaves_no_server_behind_and_the_next_start_works(engine_directory: Path) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(engine_directory)], stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    pid = int(supervisor.stdout.readline())
    supervisor.kill()
    supervisor.communicate()
    async with asyncio.timeout(20):
        while command_of(pid) and not is_zombie(pid):
            await asyncio.sleep(0.02)

    valkey = EmbeddedValkey(engine_directory)
    await write(await valkey.start())
    await valkey.stop()


async def test_a_server_that_outlived_its_supervisor_is_stopped_first(engine_directory: Path) -> None:
    valkey = EmbeddedValkey(engine_directory)
    url = await valkey.start()
    rights = Path(f"/proc/{valkey.pid}").stat()
    await valkey.stop()
    socket = unquote(url.removeprefix("unix://"))
    as_root = os.geteuid() == 0
    orphan = subprocess.Popen(
        [
            str(find_program()),
            *("--port", "0", "--unixsocket", socket),
            *("--dir", str(engine_directory / "data"), "--pidfile", str(engine_directory / "data/valkey.pid")),
        ],
        user=rights.st_uid if as_root else None,
        group=rights.st_gid if as_root else None,
        extra_groups=[] if as_root else None,
        stdout=subprocess.DEVNULL,
    )
    async with asyncio.timeout(20):
        while not Path(socket).exists() or not (engine_directory / "data/valkey.pid").exists():
            await asyncio.sleep(0.02)

    said: list[str] = []
    next_one = EmbeddedValkey(engine_directory, report=said.append)
    await write(await next_one.start())
    assert orphan.wait(0) == 0
    assert said == [f"stopping a Valkey of an earlier run, process {orphan.pid}"]
    await next_one.stop()


async def test_a_killed_server_is_noticed_and_reads_its_log_again(engine_directory: Path) -> None:
    valkey = EmbeddedValkey(engine_directory)
    url = await valkey.start()
    await write(url)
    os.kill(valkey.pid, signal.SIGKILL)
    assert await valkey.wait() == -signal.SIGKILL
    await valkey.stop()

    await valkey.start()
    assert await read(url) == b"7"
    await valkey.stop()


async def test_a_directory_serves_one_supervisor_at_a_time(engine_directory: Path) -> None:
    valkey = EmbeddedValkey(engine_directory)
    await valkey.start()
    try:
        with pytest.raises(EmbeddedStartError, match=rf"is in use by process {os.getpid()}; stop it first"):
            await EmbeddedValkey(engine_directory).start()
    finally:
        await valkey.stop()


async def test_a_path_too_long_for_a_socket_gets_a_short_one(engine_directory: Path) -> None:
    directory = engine_directory / ("long" * 25) / "and spaced, too?"
    valkey = EmbeddedValkey(directory)
    url = await valkey.start()
    socket = Path(unquote(url.removeprefix("unix://")))
    assert len(str(socket)) <= SOCKET_PATH_BYTES < len(str(directory))
    await write(url)
    await valkey.stop()
    assert not socket.parent.exists()


async def test_a_start_that_fails_says_why_in_one_sentence(engine_directory: Path) -> None:
    valkey = EmbeddedValkey(engine_directory)
    await write(await valkey.start())
    await valkey.stop()
    manifest = next((engine_directory / "data/appendonlydir").glob("*.manifest"))
    manifest.write_text("nonsense\n")
    with pytest.raises(EmbeddedStartError) as caught:
        await valkey.start()
    assert "\n" not in str(caught.value)
    assert "AOF manifest" in str(caught.value)


def test_a_program_that_said_nothing_is_named_by_its_code() -> None:
    assert reason("", 3) == "it ended with code 3 and said nothing"
