"""Debian's own Alertmanager, unchanged, sends to the doors that it knows: the webhook's, PagerDuty's, Opsgenie's.

The program comes from Debian's archive, once, into the environment's folder; TOCSIN_TEST_ALERTMANAGER names another.
"""

# ruff: noqa: ASYNC220 - the tests are about processes, and nothing else shares their loop

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from adapters.outbound.system.clock import SystemClock
from tests.faults.crew import Crew, stock
from tests.support.processes import Process, free_port, http

pytestmark = pytest.mark.process

PACKAGE = "prometheus-alertmanager"
OWN = "TOCSIN_TEST_ALERTMANAGER"
PROGRAM = "usr/bin/prometheus-alertmanager"
SHARE = b"/usr/share/prometheus/alertmanager"


def apt(*arguments: str, cwd: Path) -> str:
    """What a program of the package system says. Raises `CalledProcessError`."""
    return subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, timeout=110, check=True).stdout


def download(directory: Path) -> None:
    """Unpack Debian's package into the directory, without installing it or starting a service."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        pytest.fail(f"this is no Debian: set {OWN} to an Alertmanager program")
    unpacked = directory.with_name(f"{directory.name}.new")
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir(parents=True)
    try:
        try:
            apt("apt-get", "download", PACKAGE, cwd=unpacked)
        except subprocess.CalledProcessError:
            apt("apt-get", "update", cwd=unpacked)
            apt("apt-get", "download", PACKAGE, cwd=unpacked)
        (package,) = unpacked.glob("*.deb")
        apt("dpkg", "-x", str(package), str(unpacked), cwd=unpacked)
    except subprocess.CalledProcessError as error:
        pytest.fail(f"{PACKAGE} cannot be fetched ({error.stderr.strip()}): set {OWN} to an Alertmanager program")
    look_for_template_here(unpacked / PROGRAM)
    unpacked.rename(directory)


def look_for_template_here(program: Path) -> None:
    """Debian's program opens its template where the package would be installed; this copy, in its working directory."""
    content = program.read_bytes()
    assert SHARE in content
    program.write_bytes(content.replace(SHARE, b"./" * (len(SHARE) // 2)))  # a path of the same length


@pytest.fixture(scope="session")
def alertmanager() -> str:
    """The program."""
    if own := os.environ.get(OWN):
        return own
    directory = Path(sys.prefix) / "alertmanager"
    with (directory.parent / "alertmanager.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            download(directory)
    return str(directory / PROGRAM)


def configuration(server: Process, crew: Crew) -> dict[str, Any]:
    """Everything goes to each receiver, hardly delayed. JSON is YAML too."""
    webhook = {"url": f"{server.url}/integrations/{crew.alertmanager_key}/alertmanager", "send_resolved": True}
    pagerduty = {"url": f"{server.url}/v2/enqueue", "routing_key": crew.key, "severity": "{{ .CommonLabels.severity }}"}
    opsgenie = {"api_url": server.url, "api_key": crew.opsgenie_key, "priority": "P1", "update_alerts": True}
    opsgenie["message"] = "{{ .CommonLabels.alertname }}"  # whichever of the two alerts comes first
    return {
        "route": {
            "receiver": "webhook",
            "group_by": ["alertname"],
            "group_wait": "100ms",
            "group_interval": "1s",
            "repeat_interval": "1h",
            "routes": [
                {"receiver": "webhook", "continue": True},
                {"receiver": "pagerduty", "continue": True},
                {"receiver": "opsgenie"},
            ],
        },
        "receivers": [
            {"name": "webhook", "webhook_configs": [webhook]},
            {"name": "pagerduty", "pagerduty_configs": [pagerduty]},
            {"name": "opsgenie", "opsgenie_configs": [opsgenie]},
        ],
    }


def working_directory(program: str) -> Path:
    """Where the unpacked program's template lies; another program is not particular."""
    unpacked = Path(program).parents[2] / SHARE.decode().lstrip("/")
    return unpacked if unpacked.exists() else Path(program).parent


@asynccontextmanager
async def running(program: str, directory: Path, settings: dict[str, Any]) -> AsyncIterator[str]:
    """Alertmanager with a configuration, on loopback alone; its address."""
    (directory / "alertmanager.yml").write_text(json.dumps(settings))
    address = f"127.0.0.1:{free_port()}"
    log = directory / "alertmanager.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={directory / 'alertmanager.yml'}",
                f"--storage.path={directory / 'alertmanager'}",
                f"--web.listen-address={address}",
                "--cluster.listen-address=",
            ],
            cwd=working_directory(program),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        async with aiohttp.ClientSession() as client, asyncio.timeout(30):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get(f"http://{address}/-/ready") as answer:
                        if answer.status == 200:
                            break
                assert process.poll() is None, log.read_text()
                await asyncio.sleep(0.1)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()


async def report(alertmanager_url: str, *, starts_ago: timedelta, is_over: bool) -> None:
    """Two alerts of one group, as Prometheus reports them."""
    now = SystemClock().now()
    ends = now - timedelta(milliseconds=1) if is_over else now + timedelta(minutes=4)
    alerts = [
        {
            "labels": {"alertname": "TargetDown", "instance": instance, "severity": "critical"},
            "annotations": {"summary": f"{instance} is down"},
            "startsAt": (now - starts_ago).isoformat(),
            "endsAt": ends.isoformat(),
        }
        for instance in ("db-1", "db-2")
    ]
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{alertmanager_url}/api/v2/alerts", json=alerts) as answer,
    ):
        assert answer.status == 200, await answer.text()


async def until(dsn: str, expected: list[tuple[str, str, str]], *, within: float = 25.0) -> None:
    """Wait until these, and only these, are the alerts: which door, its incident's title, the alert's status."""
    connection = await asyncpg.connect(dsn)
    deadline = time.monotonic() + within
    try:
        while True:
            rows = await connection.fetch(
                "SELECT g.kind, a.summary, a.status || '/' || i.status AS status FROM alerts a"
                " JOIN integrations g ON g.id = a.integration_id JOIN incidents i ON i.id = a.incident_id ORDER BY 1, 2"
            )
            found = [tuple(row) for row in rows]
            if found == expected:
                return
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def test_its_alerts_fire_and_resolve_through_the_webhook_and_through_pagerdutys_and_opsgenies_doors(
    alertmanager: str, fresh_database: str, engine_directory: Path
) -> None:
    crew = await stock(fresh_database)
    with http(engine_directory / "http.log", crew.settings) as server:
        await server.ready()
        async with running(alertmanager, engine_directory, configuration(server, crew)) as url:
            began = SystemClock().now()
            await report(url, starts_ago=timedelta(seconds=1), is_over=False)
            group = "[FIRING:2] TargetDown (critical)"
            await until(
                fresh_database,
                [
                    ("alertmanager", "db-1 is down", "firing/triggered"),
                    ("alertmanager", "db-2 is down", "firing/triggered"),
                    ("opsgenie", "TargetDown", "firing/triggered"),
                    ("pagerduty", group, "firing/triggered"),
                ],
            )
            await report(url, starts_ago=SystemClock().now() - began + timedelta(seconds=1), is_over=True)
            await until(
                fresh_database,
                [
                    ("alertmanager", "db-1 is down", "cleared/resolved"),
                    ("alertmanager", "db-2 is down", "cleared/resolved"),
                    ("opsgenie", "TargetDown", "cleared/resolved"),
                    ("pagerduty", group, "cleared/resolved"),
                ],
            )
        assert "intake_failed" not in server.output
        assert await server.stop() == 0
