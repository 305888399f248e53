"""`tocsin up`, as somebody meets it who has just installed it."""

# ruff: noqa: ASYNC110 - the tests are about processes, and nothing else shares their loop

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from tests.support.processes import Process, environment_of, is_alive, processes_naming, program

pytestmark = pytest.mark.process


@pytest.fixture
def folder(engine_directory: Path) -> Path:
    """An empty folder to work in."""
    return engine_directory


def start(folder: Path, address: str) -> Process:
    return Process("up", folder / "up.log", {"http_address": address}, cwd=folder)


@asynccontextmanager
async def logged_in(process: Process, output: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with the password that was printed."""
    email = re.search(r"^  log in as +(\S+)$", output, re.MULTILINE)
    password = re.search(r"^  password +(\S+)$", output, re.MULTILINE)
    assert email
    assert password
    async with aiohttp.ClientSession(process.url) as client:
        async with client.post("/v1/login", json={"email": email[1], "password": password[1]}) as answer:
            assert answer.status == 200, await answer.text()
            token = (await answer.json())["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@asynccontextmanager
async def operator(process: Process, folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with the key that the commands in this folder use."""
    token = json.loads((folder / ".tocsin/cli.json").read_text())["token"]
    async with aiohttp.ClientSession(process.url, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


async def got(client: aiohttp.ClientSession, path: str) -> Any:
    async with client.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def ring(folder: Path, output: str, *, dedup_key: str = "example") -> dict[str, Any]:
    """Run the printed line in a shell, exactly as it was printed; another key is the one change a reader may make."""
    line = next(line for line in output.splitlines() if line.startswith("  curl "))
    line = line.replace('"dedup_key":"example"', f'"dedup_key":"{dedup_key}"')
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", line, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said, complaint = await process.communicate()
    assert process.returncode == 0, complaint
    answer: dict[str, Any] = json.loads(said)
    return answer


async def mailbox_message(client: aiohttp.ClientSession) -> dict[str, Any]:
    async with asyncio.timeout(15):
        while not (messages := (await got(client, "/v1/mailbox"))["items"]):
            await asyncio.sleep(0.05)
    message: dict[str, Any] = messages[0]
    return message


async def until_sent(client: aiohttp.ClientSession, incident: str) -> None:
    """The message is there a moment before its delivery is on record."""
    async with asyncio.timeout(15):
        while [each["status"] for each in (await got(client, f"{incident}/deliveries"))["items"]] != ["sent"]:
            await asyncio.sleep(0.05)


async def test_the_printed_lines_lead_from_a_fresh_folder_to_an_acknowledged_page(folder: Path, address: str) -> None:
    with start(folder, address) as process:
        output = await (await process.ready()).says("see what happened")
        assert f"Tocsin is running at {process.url}" in output
        assert (await ring(folder, output))["status"] == "success"
        async with logged_in(process, output) as client:
            message = await mailbox_message(client)
            incident = f"/v1/incidents/{message['incident_id']}"
            await until_sent(client, incident)
            link = message["acknowledge_url"]
            assert link.startswith(f"{process.url}/a/")

            # A mail scanner follows the link; nobody has decided anything.
            async with aiohttp.ClientSession() as stranger:
                async with stranger.get(link) as page:
                    assert page.status == 200
                    assert "Acknowledge" in await page.text()
                assert (await got(client, incident))["status"] == "triggered"
                async with stranger.post(link, data={"action": "acknowledge"}) as page:
                    assert page.status == 200
                    assert "You have it" in await page.text()

            shown = await got(client, incident)
            assert (shown["status"], shown["title"]) == ("acknowledged", "checkout answers 5xx")
            story = [entry["kind"] for entry in (await got(client, f"{incident}/timeline"))["items"]]
            assert sorted(story) == sorted(
                [
                    "incident.triggered",
                    "escalation.step_reached",
                    "notification.sent",
                    "incident.acknowledged",
                    "escalation.stopped",
                ]
            )
            deliveries = (await got(client, f"{incident}/deliveries"))["items"]
            assert [(each["status"], [a["outcome"] for a in each["attempts"]]) for each in deliveries] == [
                ("sent", ["delivered"])
            ]
        assert await process.stop() == 0


@pytest.fixture
def bystander(address: str) -> Iterator[str]:
    """A program that listens where ours wants to."""
    host, _, port = address.partition(":")
    with socket.create_server((host, int(port))):
        yield address


@asynccontextmanager
async def watching(process: Process, folder: Path) -> AsyncIterator[aiohttp.StreamReader]:
    """A live view of the events."""
    async with operator(process, folder) as client, client.get("/v1/stream") as stream:
        assert stream.status == 200, await stream.text()
        await stream.content.readuntil(b"event: ready")
        yield stream.content


async def test_it_drains_within_ten_seconds_of_a_signal_and_keeps_everything_for_the_next_start(
    folder: Path, address: str
) -> None:
    with start(folder, address) as process:
        output = await (await process.ready()).says("see what happened")
        await ring(folder, output)
        async with watching(process, folder) as stream:
            process.send(signal.SIGTERM)
            told = await stream.read()
            assert b"event: drain" in told
            assert await process.ended(within=10) == 0
    assert not processes_naming(str(folder))

    began = time.monotonic()
    with start(folder, address) as process:
        await process.ready()
        took = time.monotonic() - began
        print(f"second start: {took:.1f} s")
        assert took < 40  # two or three on an idle machine
        async with operator(process, folder) as client:
            assert [each["title"] for each in (await got(client, "/v1/incidents"))["items"]] == ["checkout answers 5xx"]
        assert "password" not in process.output  # it is shown once
        async with watching(process, folder) as stream:
            process.send(signal.SIGINT)
            told = await stream.read()
            assert b"event: drain" in told
            assert await process.ended(within=10) == 0
    assert not processes_naming(str(folder))


async def test_a_kill_loses_nothing_that_was_accepted_and_leaves_no_engine_behind(folder: Path, address: str) -> None:
    with start(folder, address) as process:
        output = await (await process.ready()).says("see what happened")
        for number in range(5):
            await ring(folder, output, dedup_key=f"before-{number}")
        engines = [pid for pid in processes_naming(str(folder)) if pid != process.pid]
        assert engines
        process.kill()

    with start(folder, address) as process:
        await process.ready()
        assert not any(is_alive(pid) for pid in engines)
        async with operator(process, folder) as client:
            assert len((await got(client, "/v1/incidents"))["items"]) == 5
        assert await process.stop() == 0
    assert not processes_naming(str(folder))


def engine_of(folder: Path, name: str) -> int:
    """The process that was started as this engine; PostgreSQL's own children name no directory."""
    (pid,) = (pid for pid in processes_naming(f"{folder}/.tocsin/{name}") if name in name_of(pid))
    return pid


@pytest.mark.parametrize("name", ["postgres", "valkey"])
async def test_an_engine_that_dies_is_started_again_and_nothing_that_was_accepted_is_lost(
    folder: Path, address: str, name: str
) -> None:
    with start(folder, address) as process:
        output = await (await process.ready()).says("see what happened")
        await ring(folder, output, dedup_key="before")
        os.kill(engine_of(folder, name), signal.SIGKILL)
        await process.says("starting it again", within=20)
        await process.ready(within=20)
        await ring(folder, output, dedup_key="after")
        async with operator(process, folder) as client:
            async with asyncio.timeout(20):
                while len((await got(client, "/v1/mailbox"))["items"]) < 2:
                    await asyncio.sleep(0.05)
        assert await process.stop() == 0
    assert not processes_naming(str(folder))


def name_of(pid: int) -> str:
    return subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout


def refused(folder: Path, role: str, **settings: str) -> tuple[int, str]:
    """The exit code of a start that cannot succeed, and what it said on its error stream."""
    result = subprocess.run(
        [program(), role],
        cwd=folder,
        env=environment_of(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return result.returncode, result.stderr


def test_a_taken_port_is_one_line_that_names_the_setting(folder: Path, bystander: str) -> None:
    code, said = refused(folder, "up", http_address=bystander)

    assert code == 1
    assert said.count("\n") == 1
    assert "TOCSIN_HTTP_ADDRESS" in said
    assert not (folder / ".tocsin").exists()  # found out before anything was made


@pytest.mark.parametrize(
    ("setting", "value"),
    [("http_address", "8080"), ("database_pool", "many"), ("log_level", "chatty"), ("colour", "blue")],
)
def test_a_wrong_setting_is_one_line_that_names_it(folder: Path, setting: str, value: str) -> None:
    code, said = refused(folder, "up", **{setting: value})

    assert code == 2
    assert said.count("\n") == 1, said
    assert f"TOCSIN_{setting.upper()}" in said


@pytest.mark.parametrize("role", ["up", "http", "worker"])
async def test_the_schema_of_a_newer_version_is_left_alone(folder: Path, fresh_database: str, role: str) -> None:
    connection = await asyncpg.connect(fresh_database)
    try:
        await connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
        settings = {"database_url": fresh_database, "secret_key": "x" * 32, "redis_url": "redis://127.0.0.1:1/0"}
        code, said = await asyncio.to_thread(lambda: refused(folder, role, **settings, http_address="127.0.0.1:0"))
        assert await connection.fetchval("SELECT version_num FROM alembic_version") == "from_the_future"
    finally:
        await connection.close()

    assert code == 1
    assert said.count("\n") == 1, said
    assert "newer" in said
    assert "from_the_future" in said


@pytest.mark.parametrize("role", ["http", "worker"])
def test_a_database_without_a_schema_is_one_line_that_names_the_remedy(
    folder: Path, empty_database: str, role: str
) -> None:
    settings = {"database_url": empty_database, "secret_key": "x" * 32}

    code, said = refused(folder, role, **settings, http_address="127.0.0.1:0")

    assert code == 1
    assert said.count("\n") == 1, said
    assert "tocsin db migrate" in said


def test_a_role_that_lacks_its_database_is_one_line_that_names_the_setting(folder: Path) -> None:
    code, said = refused(folder, "http", http_address="127.0.0.1:0")

    assert code == 1
    assert said.count("\n") == 1, said
    assert "TOCSIN_DATABASE_URL" in said


def test_the_printed_line_needs_no_program_of_ours() -> None:
    assert shutil.which("curl"), "the line that `tocsin up` prints is run by this test, and curl is not installed"
