"""The faults: each one does something to real processes while there is work, and then asks the history.

Every scenario takes a `Size`: small for the tests that run at each change, large for `make faults`.
"""

# ruff: noqa: ASYNC110 - processes and databases give no hint, they have to be asked

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp

from adapters.outbound.system.clock import SystemClock
from application.ports.dead_letter_queue import MESSAGE_ID_ATTRIBUTE
from entrypoints.embedded.postgres import EmbeddedPostgres
from entrypoints.embedded.valkey import EmbeddedValkey
from entrypoints.migrate import migrate_async
from tests.faults.crew import new_dedup_key
from tests.faults.ground import Ground, ground
from tests.faults.history import History, percentile
from tests.faults.load import Load
from tests.faults.proxy import Proxy
from tests.support import engines
from tests.support.engines import Sqs
from tests.support.fake_slack import RateLimited, Refused, ServerError
from tests.support.processes import Process
from tests.support.smtp import Silence

# Twice the lease of a courier is what a stopped worker sleeps through when nobody shortens it.
LEASE_SECONDS: Final = 20.0


# After the way to PostgreSQL is there again: a try to connect that had begun before may have to end first.
RECOVERS_SECONDS: Final = 10.0


# measures.md, F22: beside a hundred times as much of one integration, others' pages take at most twice as long (p99).
FAIR_RATIO: Final = 2.0
FAIR_ROUNDS: Final = 5
FAIR_PAGES: Final = 20  # of each half of a round, at least
_PAGED_AT: Final = """
SELECT i.group_key, extract(epoch FROM min(a.started_at))::float FROM delivery_attempts a
JOIN notifications n ON n.id = a.notification_id JOIN incidents i ON i.id = n.incident_id
WHERE n.purpose = 'page' AND i.group_key = ANY($1::text[]) GROUP BY i.group_key
"""


class Size(NamedTuple):
    """How much of it. `is_patient`: real leases are waited for, rather than declared over."""

    events: int
    incidents: int
    kills: int
    is_patient: bool


SMALL: Final = Size(events=600, incidents=30, kills=1, is_patient=False)
LARGE: Final = Size(events=5_000, incidents=200, kills=5, is_patient=True)


@dataclass(slots=True)
class Report:
    """What a fault did and what was found; `figures` are for people."""

    fault: str
    seed: int
    kills: int
    accepted: int
    lost: int
    duplicates: int  # messages that arrived again, each of which said that it may be a repeat
    late_p99_seconds: float  # of steps, after they were due
    figures: dict[str, float] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, fault: str, seed: int, place: Ground, history: History, **figures: float) -> "Report":
        return cls(
            fault=fault,
            seed=seed,
            kills=place.kills,
            accepted=history.accepted,
            lost=history.lost,
            duplicates=history.repeated,
            late_p99_seconds=percentile(history.steps_late_seconds, 0.99),
            figures=dict(figures),
            violations=history.violations,
        )

    def must(self, *, hold: bool, what: str) -> None:
        if not hold:
            self.violations.append(what)


type Scenario = Callable[[str, Path, int, Size], Coroutine[Any, Any, Report]]


async def f1_http_killed(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """`kill -9` of the HTTP server while events arrive: every event that was answered with 2xx is stored."""
    async with ground(dsn, directory, seed=seed) as place:
        server = await place.start("http").ready()
        load = place.load(server)
        # Each key comes five times, so that repeats race for one open incident.
        keys = [f"f1-{number % max(1, size.events // 5)}" for number in range(size.events)]
        place.random.shuffle(keys)
        sending = asyncio.create_task(load.send(keys))
        for kill in range(size.kills):
            await _until_accepted(load, (kill + 1) * size.events // (size.kills + 2), sending)
            await asyncio.sleep(place.random.random() * 0.05)
            await place.kill(server)
            server = await place.start("http", http_address=server.address).ready()
        await sending
        history = await place.history(load, with_providers=False)
        report = Report.of(
            "F1 http kill -9",
            seed,
            place,
            history,
            accepted_bodies=load.answers["202"],
            retries=load.retries,
            longest_silence_s=load.longest_silence(),
            answer_p99_ms=percentile(sorted(load.seconds), 0.99) * 1000,
        )
        report.must(hold=not load.failed, what=f"{len(load.failed)} events were never accepted: {load.answers}")
        stored = await place.ask("SELECT count(DISTINCT dedup_key) FROM alerts WHERE status = 'firing'")
        report.must(hold=stored == len(set(keys)), what=f"{stored} of {len(set(keys))} conditions are stored once")
        answered = load.answers["202"]
        kept = await place.ask("SELECT count(*) FROM raw_events")
        report.must(hold=kept >= answered, what=f"I1: {answered} bodies were accepted, {kept} are kept")
        return report


async def f2_http_rolled(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """Two HTTP servers are replaced one after the other by SIGTERM: a sender that tries again loses nothing."""
    async with ground(dsn, directory, seed=seed) as place:
        servers = [place.start("http"), place.start("http")]
        for server in servers:
            await server.ready()
        load = place.load(*servers)
        keys = [new_dedup_key("f2") for _ in range(size.events)]
        sending = asyncio.create_task(load.send(keys, connections=16, pause_seconds=0.02))
        await _until_accepted(load, size.events // 10, sending)
        codes = []
        for server in servers:
            codes.append(await server.stop())
            await place.start("http", http_address=server.address).ready()
        await sending
        history = await place.history(load, with_providers=False)
        report = Report.of(
            "F2 http rolled",
            seed,
            place,
            history,
            retries=load.retries,
            answer_p99_ms=percentile(sorted(load.seconds), 0.99) * 1000,
        )
        report.must(hold=not load.failed, what=f"{len(load.failed)} events were never accepted: {load.answers}")
        report.must(hold=codes == [0, 0], what=f"the servers ended with {codes}")
        broken = {name: count for name, count in load.answers.items() if name not in {"202", "503"}}
        refused = broken.pop("ClientConnectorError", 0)  # nobody listened there: surely nothing was lost
        report.figures["refused_connections"] = refused
        report.figures["broken_requests"] = sum(broken.values())
        return report


async def f3_worker_killed(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """`kill -9` of workers while incidents escalate: all move on, and a page that comes again says so."""
    async with ground(dsn, directory, seed=seed, steps=3) as place:
        server = await place.start("http").ready()
        worker = await place.start("worker").ready()
        place.smtp.answer(*[Silence.AFTER_TAKING] * 4)  # taken, and the worker that would hear of it is killed
        load = await place.trigger(server, [new_dedup_key("f3") for _ in range(size.incidents)])
        for _ in range(size.kills):
            await place.until("SELECT EXISTS (SELECT FROM notifications WHERE status = 'sending')", within=20)
            await asyncio.sleep(place.random.random())
            await place.kill(worker)
            if not size.is_patient:
                await place.expire_leases()
            worker = await place.start("worker").ready()
        await place.until_quiet(within=60 + (LEASE_SECONDS if size.is_patient else 0))
        history = await place.history(load)
        report = Report.of("F3 worker kill -9", seed, place, history, pages=history.pages, steps=history.steps)
        exhausted = await place.ask("SELECT count(*) FROM escalation_runs WHERE status = 'exhausted'")
        report.must(hold=exhausted == size.incidents, what=f"I3: {exhausted} of {size.incidents} went to their end")
        unsent = await place.ask("SELECT count(*) FROM notifications WHERE status <> 'sent'")
        report.must(hold=unsent == 0, what=f"I3: {unsent} pages were not delivered")
        return report


async def f4_worker_paused(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """A worker sleeps through its lease with a provider's answer in its hands: its late word is refused."""
    async with ground(dsn, directory, seed=seed, steps=1) as place, Proxy("127.0.0.1", place.slack.port) as proxy:
        server = await place.start("http").ready()
        slow = await place.start("worker", slack_url=f"http://127.0.0.1:{proxy.port}/api/").ready()
        proxy.hold()
        load = await place.trigger(server, [new_dedup_key("f4")])
        await _until(lambda: proxy.held_back > 0)
        # Only Slack's page is in its hands: leases are longer than any send, unless a test declares them over.
        await place.until("SELECT bool_and(status = 'sent') FROM notifications WHERE channel = 'email'")
        slow.send(signal.SIGSTOP)
        proxy.release()
        if size.is_patient:
            await asyncio.sleep(2 * LEASE_SECONDS)
        else:
            await place.expire_leases()
        await place.start("worker").ready()
        taken_over = "SELECT bool_and(status = 'sent') FROM notifications WHERE channel = 'slack'"
        await place.until(taken_over, within=20)
        slow.send(signal.SIGCONT)
        await asyncio.sleep(2)
        code = await slow.stop()
        await place.until_quiet()
        history = await place.history(load)
        report = Report.of("F4 worker SIGSTOP", seed, place, history)
        told = await place.ask("SELECT count(*) FROM domain_events WHERE kind = 'notification.sent'")
        report.must(hold=told == history.pages, what=f"{told} deliveries are told of {history.pages} pages")
        first = "SELECT a.outcome || ': ' || a.detail FROM delivery_attempts a JOIN notifications n"
        first += " ON n.id = a.notification_id WHERE n.channel = 'slack' AND a.number = 1"
        outcome = await place.ask(first)
        refused = outcome == "unknown: the courier was lost before it could tell"
        report.must(hold=refused, what=f"the sleeper's word counted: {outcome}")
        report.must(hold=code == 0, what=f"the sleeper ended with {code}")
        return report


async def f5_postgres_killed(_: str, directory: Path, seed: int, size: Size) -> Report:
    """`kill -9` of PostgreSQL under load: senders hear 503 at once, nothing accepted is lost, all goes on by itself."""
    postgres = EmbeddedPostgres(directory / "postgres", durability=False)
    dsn = await postgres.start()
    try:
        await migrate_async(dsn)
        async with ground(dsn, directory, seed=seed, steps=1) as place:
            server = await place.start("http").ready()
            await place.start("worker").ready()
            load = place.load(server)
            keys = [new_dedup_key("f5") for _ in range(size.events)]
            sending = asyncio.create_task(load.send(keys))
            down: list[float] = []
            for kill in range(size.kills):
                await _until_accepted(load, (kill + 1) * size.events // (size.kills + 2), sending)
                down.append(await _restart(postgres, load))
                place.kills += 1
            await sending
            await place.until(
                "SELECT count(*) = 0 FROM escalation_runs WHERE round = 0 AND step = 0 AND next_deadline < now()",
                within=60,
                what="every step was taken",
            )
            history = await place.history(load, with_providers=False)
            report = Report.of(
                "F5 postgres kill -9",
                seed,
                place,
                history,
                refused_503=load.answers["503"],
                restart_to_accepted_s=max(down),
            )
            report.must(hold=not load.failed, what=f"{len(load.failed)} events were never accepted: {load.answers}")
            report.must(hold=load.answers["503"] > 0, what=f"nobody heard 503: {load.answers}")
            report.must(hold=load.without_retry_after == 0, what="a 503 came without Retry-After")
            return report
    finally:
        await postgres.stop()


async def f5_postgres_killed_with_a_spill(_: str, directory: Path, seed: int, size: Size) -> Report:
    """The same with a spill queue: what is accepted meanwhile is stored in its order afterwards."""
    postgres = EmbeddedPostgres(directory / "postgres", durability=False)
    dsn = await postgres.start()
    sqs = Sqs(engines.obtain("sqs")["endpoint"])
    queue = sqs.create_queue("spill", FifoQueue="true")
    spill = _spill_settings(sqs, queue)
    try:
        await migrate_async(dsn)
        async with ground(dsn, directory, seed=seed, steps=1) as place:
            server = await place.start("http", **spill).ready()
            await place.start("worker", **spill).ready()
            load = place.load(server)
            keys = [new_dedup_key("f5s") for _ in range(size.events)]
            sending = asyncio.create_task(load.send(keys))
            for kill in range(size.kills):
                await _until_accepted(load, (kill + 1) * size.events // (size.kills + 2), sending)
                os.kill(postgres.pid, signal.SIGKILL)
                place.kills += 1
                before = len(load.accepted_at)
                await asyncio.sleep(2)
                accepted_meanwhile = len(load.accepted_at) - before
                await postgres.stop()
                await postgres.start()
            await sending
            await _until_empty(sqs, queue)
            await place.until(
                f"SELECT count(DISTINCT dedup_key) >= {len(load.accepted):d} FROM alerts",  # noqa: S608  # a number
                within=60,
                what="what was spilled is stored",
            )
            await place.until(
                "SELECT count(*) = 0 FROM escalation_runs WHERE round = 0 AND step = 0 AND next_deadline < now()",
                within=60,
                what="every step was taken",
            )
            history = await place.history(load, with_providers=False)
            report = Report.of(
                "F5 with a spill queue",
                seed,
                place,
                history,
                accepted_while_away=accepted_meanwhile,
                refused_503=load.answers["503"],
            )
            report.must(hold=not load.failed, what=f"{len(load.failed)} events were never accepted: {load.answers}")
            report.must(hold=accepted_meanwhile > 0, what=f"nothing was accepted while it was away: {load.answers}")
            return report
    finally:
        await postgres.stop()


async def f7_network_fails(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """The way to PostgreSQL is slow, then cut, then silent: nothing accepted is lost, and all goes on by itself."""
    async with ground(dsn, directory, seed=seed, steps=1) as place, _proxy_to(dsn) as proxy:
        behind = {"database_url": _through(dsn, proxy)}
        server = await place.start("http", **behind).ready()
        await place.start("worker", **behind).ready()
        load = place.load(server)
        proxy.delay_seconds = 0.2
        await load.send([new_dedup_key("f7-slow") for _ in range(size.events // 20)])
        proxy.delay_seconds = 0.0
        slow = percentile(sorted(load.seconds), 0.99)
        keys = [new_dedup_key("f7") for _ in range(size.events // 2)]
        sending = asyncio.create_task(load.send(keys, pause_seconds=0.05))
        await _until_accepted(load, len(load.accepted_at) + size.events // 10, sending)
        proxy.cut()
        place.kills += 1
        await asyncio.sleep(2)
        accepted_while_cut = len(load.accepted_at)
        await asyncio.sleep(0.5)
        accepted_while_cut = len(load.accepted_at) - accepted_while_cut
        after_cut = await _until_accepted_again(load, proxy.mend)
        await _until_accepted(load, len(load.accepted_at) + size.events // 10, sending)
        proxy.hold()
        await _until(lambda: proxy.held_back > 0)
        await asyncio.sleep(2)
        after_silence = await _until_accepted_again(load, proxy.release)
        await sending
        if not size.is_patient:
            await place.expire_leases()  # of pages that left while nobody could be told
        await place.until_quiet(within=60)
        history = await place.history(load, with_providers=False)
        report = Report.of(
            "F7 network to postgres",
            seed,
            place,
            history,
            answer_p99_s_at_200_ms=slow,
            cut_to_accepted_s=after_cut,
            silence_to_accepted_s=after_silence,
            refused_503=load.answers["503"],
        )
        report.must(hold=not load.failed, what=f"{len(load.failed)} events were never accepted: {load.answers}")
        report.must(hold=accepted_while_cut == 0, what=f"I8: {accepted_while_cut} were accepted, and stored nowhere")
        report.must(hold=load.answers["503"] > 0, what=f"nobody heard 503: {load.answers}")
        report.must(hold=after_cut < RECOVERS_SECONDS, what=f"I9: {after_cut:.1f} s after the cut was mended")
        report.must(hold=after_silence < RECOVERS_SECONDS, what=f"I9: {after_silence:.1f} s after the silence")
        return report


async def f7_network_cut_with_a_spill(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """The way to PostgreSQL is cut: whatever senders send is accepted, and stored later."""
    sqs = Sqs(engines.obtain("sqs")["endpoint"])
    queue = sqs.create_queue("spill", FifoQueue="true")
    async with ground(dsn, directory, seed=seed, steps=1) as place, _proxy_to(dsn) as proxy:
        behind = {"database_url": _through(dsn, proxy)}
        behind |= _spill_settings(sqs, queue)
        server = await place.start("http", **behind).ready()
        await place.start("worker", **behind).ready()
        load = place.load(server)
        await load.send([new_dedup_key("f7s-before") for _ in range(size.events // 10)])
        ping = await _new_heartbeat(server, place)
        before_it = await _ask_opsgenie(server, place, "before it was cut")  # a key is let in that the server has met
        proxy.cut()
        place.kills += 1
        before = len(load.accepted_at)
        await load.send([new_dedup_key("f7s") for _ in range(size.events)])
        accepted_meanwhile = len(load.accepted_at) - before
        others = await _send_what_is_no_event(server, place)
        requests = [
            await _ask_opsgenie(server, place, "while it was cut"),
            await _ask_opsgenie(server, place, "while it was cut", close=True),
        ]
        pinged = await _ping(ping)
        unknown = await _status_of(server, place, requests[0])
        refused = load.answers["503"]
        cut_until = SystemClock().now()
        proxy.mend()
        mended = time.monotonic()
        await _until_empty(sqs, queue)
        await place.until(
            f"SELECT count(DISTINCT dedup_key) >= {len(load.accepted):d} FROM alerts",  # noqa: S608  # a number
            within=60,
            what="what was spilled is stored",
        )
        drained = time.monotonic() - mended
        await place.until_quiet(within=60)
        history = await place.history(load, with_providers=False)
        report = Report.of(
            "F7 with a spill queue",
            seed,
            place,
            history,
            accepted_while_cut=accepted_meanwhile,
            refused_503=refused,
            mended_to_drained_s=drained,
        )
        report.must(hold=not load.failed, what=f"{len(load.failed)} events were never accepted: {load.answers}")
        report.must(hold=accepted_meanwhile == size.events, what=f"{accepted_meanwhile} were accepted: {load.answers}")
        report.must(hold=others == [202, 202], what=f"a change and an unreadable body were answered with {others}")
        changes = await place.ask("SELECT count(*) FROM change_events WHERE summary = 'deployed while it was cut'")
        report.must(hold=changes == 1, what=f"{changes} changes are stored, one was accepted")
        letters = await place.ask("SELECT string_agg(convert_from(body, 'UTF8'), ',') FROM dead_letters")
        report.must(hold=letters == "{ no JSON", what=f"kept for people is {letters!r}")
        statuses = [await _status_of(server, place, each) for each in (before_it, *requests)]
        wanted = ["Created alert", "Created alert", "Alert closed"]
        report.must(hold=unknown == "404", what=f"a request that waits is said to be {unknown!r}")
        report.must(hold=statuses == wanted, what=f"what was asked of Opsgenie's API became {statuses}")
        heard = await place.ask("SELECT last_success_at FROM heartbeats WHERE status = 'up'")
        report.must(hold=pinged == 200, what=f"a ping was answered with {pinged}")
        report.must(hold=heard is not None and heard < cut_until, what=f"a ping that waited counts as of {heard}")
        return report


async def _send_what_is_no_event(server: Process, place: Ground) -> list[int]:
    """The statuses of the answers to a change, and to a body that nobody can read."""
    change = {"routing_key": place.crew.key, "payload": {"summary": "deployed while it was cut"}}
    unreadable = f"{server.url}/integrations/{place.crew.key}/alertmanager"  # a key that the server has met
    async with aiohttp.ClientSession() as client:
        async with client.post(f"{server.url}/v2/change/enqueue", json=change) as answer:
            statuses = [answer.status]
        async with client.post(unreadable, data=b"{ no JSON") as answer:
            return [*statuses, answer.status]


async def _ask_opsgenie(server: Process, place: Ground, alias: str, *, close: bool = False) -> str:
    """The id of a request that was accepted: to create an alert, or to close it."""
    path = f"/{quote(alias)}/close?identifierType=alias" if close else ""
    body = {} if close else {"message": alias, "alias": alias}
    async with (
        aiohttp.ClientSession(headers=_genie(place)) as client,
        client.post(f"{server.url}/v2/alerts{path}", json=body) as answer,
    ):
        assert answer.status == 202, await answer.text()
        request_id: str = (await answer.json())["requestId"]
        return request_id


async def _status_of(server: Process, place: Ground, request_id: str) -> str:
    """What a request has come to, or the status of an answer that does not say."""
    async with (
        aiohttp.ClientSession(headers=_genie(place)) as client,
        client.get(f"{server.url}/v2/alerts/requests/{request_id}") as answer,
    ):
        return str((await answer.json())["data"]["status"]) if answer.status == 200 else str(answer.status)


def _genie(place: Ground) -> dict[str, str]:
    return {"Authorization": f"GenieKey {place.crew.opsgenie_key}"}


async def _new_heartbeat(server: Process, place: Ground) -> str:
    """Where it is pinged. Nobody has."""
    integration = {"kind": "heartbeat", "name": "jobs", "service_id": str(place.crew.service_id)}
    async with aiohttp.ClientSession(server.url, headers=place.crew.authorization) as client:
        async with client.post("/v1/integrations", json=integration) as answer:
            made = await answer.json()
        heartbeat = {
            "integration_id": made["integration"]["id"],
            "name": "nightly",
            "period_seconds": 3600,
            "grace_seconds": 600,
        }
        async with client.post("/v1/heartbeats", json=heartbeat) as answer:
            return f"{server.url}/v1/heartbeats/{(await answer.json())['key']}"


async def _ping(url: str) -> int:
    async with aiohttp.ClientSession() as client, client.post(url) as answer:
        return answer.status


def _proxy_to(dsn: str) -> Proxy:
    """In front of PostgreSQL, which may be at a socket: `?host=` names its folder then."""
    parts = urlsplit(dsn)
    port = parts.port or 5432
    folder = parse_qs(parts.query).get("host")
    socket = None if folder is None else Path(folder[0]) / f".s.PGSQL.{port}"
    return Proxy(parts.hostname or "", port, socket=socket)


def _through(dsn: str, proxy: Proxy) -> str:
    parts = urlsplit(dsn)
    address = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{proxy.port}"
    return parts._replace(netloc=address, query="").geturl()


def _spill_settings(sqs: Sqs, queue: str) -> dict[str, str]:
    return {"spill_queue_url": queue, "sqs_endpoint_url": sqs.endpoint, "sqs_region": sqs.region}


async def _until_accepted_again(load: Load, mend: Callable[[], None]) -> float:
    """Mend it; return how long it then took until an event was accepted."""
    mend()
    began, before = time.monotonic(), len(load.accepted_at)
    await _until(lambda: len(load.accepted_at) > before, within=60)
    return time.monotonic() - began


async def _restart(postgres: EmbeddedPostgres, load: Load) -> float:
    """Kill it, let senders notice, start it again; return how long it then took until an event was accepted."""
    os.kill(postgres.pid, signal.SIGKILL)
    await asyncio.sleep(1)
    await postgres.stop()
    await postgres.start()
    return await _until_accepted_again(load, lambda: None)


async def f8_valkey_killed(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """`kill -9` of Valkey under load: nothing is refused, and nothing is lost, for it holds nothing that counts."""
    valkey = EmbeddedValkey(directory / "valkey", durability=False)
    url = await valkey.start()
    try:
        async with ground(dsn, directory, seed=seed, steps=1) as place:
            server = await place.start("http", redis_url=url).ready()
            await place.start("worker", redis_url=url).ready()
            load = place.load(server)
            keys = [new_dedup_key("f8") for _ in range(size.events)]
            sending = asyncio.create_task(load.send(keys))
            await _until_accepted(load, size.events // 3, sending)
            os.kill(valkey.pid, signal.SIGKILL)
            place.kills += 1
            await sending
            without = list(load.seconds[size.events // 3 :])
            shown, seconds = await _login_is_answered(place, server)
            await place.until("SELECT NOT EXISTS (SELECT FROM escalation_runs WHERE next_deadline < now())", within=60)
            history = await place.history(load, with_providers=False)
            report = Report.of(
                "F8 valkey kill -9",
                seed,
                place,
                history,
                answer_p99_ms_with=percentile(sorted(load.seconds[: size.events // 3]), 0.99) * 1000,
                answer_p99_ms_without=percentile(sorted(without), 0.99) * 1000,
                login_s_without=seconds,
            )
            report.must(hold=load.retries == 0, what=f"events were refused: {load.answers}")
            report.must(hold=shown == 401, what=f"a login with a wrong password was answered with {shown}, not 401")
            return report
    finally:
        await valkey.stop()


async def _login_is_answered(place: Ground, server: Process) -> tuple[int, float]:
    """What is counted in Valkey while there is one."""
    began = time.monotonic()
    credentials = {"email": "ana@example.test", "password": "not the password"}
    async with aiohttp.ClientSession() as client, client.post(f"{server.url}/v1/login", json=credentials) as answer:
        return answer.status, time.monotonic() - began


async def f9_queue_repeats(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """The queue delivers each message one to three times in any order, old ones after their resolves: no effect."""
    async with ground(dsn, directory, seed=seed, steps=1, delay=timedelta(minutes=5)) as place:
        sqs = Sqs(engines.obtain("sqs")["endpoint"])
        queue = sqs.create_queue()
        consumer = await place.start("consumer", **_sqs_settings(sqs, queue)).ready()
        keys = [f"f9-{number}" for number in range(size.incidents)]

        def shuffled(action: str, *, times: tuple[int, int]) -> list[dict[str, object]]:
            return [_queued(place, key, action) for key in keys for _ in range(place.random.randint(*times))]

        triggers = shuffled("trigger", times=(1, 3))
        place.random.shuffle(triggers)
        await _send_all(sqs, queue, triggers)
        await place.until_incidents(len(keys), within=60)
        late = shuffled("resolve", times=(1, 3)) + shuffled("trigger", times=(0, 2))
        place.random.shuffle(late)
        await _send_all(sqs, queue, late)
        await place.until("SELECT bool_and(status = 'resolved') FROM incidents", within=60)
        await _until_empty(sqs, queue)
        history = await place.history(with_providers=False)
        report = Report.of("F9 queue repeats", seed, place, history, messages=len(triggers) + len(late))
        states = await place.ask(
            "SELECT count(*) || ' ' || count(*) FILTER (WHERE status = 'resolved') || ' ' || sum(version)"
            " FROM incidents"
        )
        expected = f"{len(keys)} {len(keys)} {2 * len(keys)}"
        report.must(hold=states == expected, what=f"incidents, resolved, changes are {states}, in order {expected}")
        report.must(hold=await consumer.stop() == 0, what="the consumer did not stop well")
        return report


async def f10_queue_poison(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """What cannot be read is set aside, and holds up nobody behind it."""
    poison = ("{", "[]", "\u0442\u0435\u0441\u0442", '{"event_action": "explode"}', '{"a": ' * 2_000, "x" * 200_000)
    async with ground(dsn, directory, seed=seed, steps=1, delay=timedelta(minutes=5)) as place:
        sqs = Sqs(engines.obtain("sqs")["endpoint"])
        queue, dead = sqs.create_queue(), sqs.create_queue("dead")
        settings = _sqs_settings(sqs, queue) | {"sqs_dead_letter_queue_url": dead}
        consumer = await place.start("consumer", sqs_integration_key=place.crew.key, **settings).ready()
        began = time.monotonic()
        keys = [f"f10-{number}" for number in range(size.incidents)]
        messages = [_queued(place, key, "trigger") for key in keys] + [{"body": body} for body in poison]
        place.random.shuffle(messages)
        await _send_all(sqs, queue, messages)
        await place.until_incidents(len(keys), within=60)
        good = time.monotonic() - began
        await _until_empty(sqs, queue)
        history = await place.history(with_providers=False)
        report = Report.of("F10 queue poison", seed, place, history, poison=len(poison), good_done_s=good)
        kept = await place.ask("SELECT count(*) FROM dead_letters")
        report.must(hold=kept == len(poison), what=f"{kept} of {len(poison)} are kept to be looked at")
        waiting, _ = await asyncio.to_thread(sqs.depth, dead)
        report.must(hold=waiting == len(poison), what=f"{waiting} of {len(poison)} are in the dead-letter queue")
        report.must(hold=await consumer.stop() == 0, what="the consumer did not stop well")
        return report


def _sqs_settings(sqs: Sqs, queue: str) -> dict[str, str]:
    return {"sqs_queue_url": queue, "sqs_endpoint_url": sqs.endpoint, "sqs_region": sqs.region}


def _queued(place: Ground, dedup_key: str, action: str) -> dict[str, object]:
    """A message whose name is the same however often it is sent."""
    name = {"DataType": "String", "StringValue": f"{dedup_key}/{action}"}
    body = place.event(dedup_key) | {"event_action": action}
    return {"body": json.dumps(body), "MessageAttributes": {MESSAGE_ID_ATTRIBUTE: name}}


async def _send_all(sqs: Sqs, queue: str, messages: Sequence[Mapping[str, object]]) -> None:
    def send() -> None:
        for message in messages:
            more = {name: value for name, value in message.items() if name != "body"}
            sqs.send(queue, str(message["body"]), **more)

    await asyncio.to_thread(send)


async def _until_empty(sqs: Sqs, queue: str) -> None:
    async with asyncio.timeout(60):
        while await asyncio.to_thread(sqs.depth, queue) != (0, 0):
            await asyncio.sleep(0.1)


async def f12_slack_limited(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """Slack answers 429 with Retry-After: e-mail is not delayed, Slack comes when it may, and not after an answer."""
    wish = 4
    async with ground(dsn, directory, seed=seed, steps=1) as place:
        server = await place.start("http").ready()
        await place.start("worker").ready()
        place.slack.script("chat.postMessage", *[RateLimited(wish)] * 2)
        began = time.monotonic()
        load = await place.trigger(server, ["kept", "answered"])
        await _until(lambda: len(place.smtp.received) == 2)
        mailed = time.monotonic() - began
        await _until(lambda: len(place.slack.calls_of("chat.postMessage")) == 2)
        answered = await place.ask("SELECT 'INC-' || number FROM incidents WHERE group_key = 'answered'")
        status = await place.acknowledge(server, answered)
        await place.until_quiet(within=30)
        history = await place.history(load, with_providers=False)
        report = Report.of("F12 slack 429", seed, place, history, email_s=mailed)
        report.must(hold=status == 200, what=f"the acknowledgement was answered with {status}")
        retried = await place.ask(
            "SELECT extract(epoch FROM max(a.started_at) - min(a.started_at))::float FROM delivery_attempts a"
            " JOIN notifications n ON n.id = a.notification_id WHERE n.channel = 'slack' AND n.status = 'sent'"
        )
        report.figures["slack_retry_s"] = retried
        report.must(hold=retried >= wish, what=f"Slack was asked again after {retried:g} s, it had said {wish}")
        report.must(hold=mailed < wish, what=f"P12: e-mail took {mailed:.1f} s while Slack was busy")
        titles = [message.text for message in place.slack.messages.values()]
        report.must(hold=len(titles) == 1 and "kept" in titles[0], what=f"I4: Slack got {titles}")
        return report


async def f13_channels_failing(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """Slack says 500, then refuses, while the mail server is busy: each is tried again, and neither waits for other."""
    async with ground(dsn, directory, seed=seed, steps=1) as place:
        server = await place.start("http").ready()
        await place.start("worker").ready()
        place.slack.script("chat.postMessage", *[ServerError()] * 2)
        began = time.monotonic()
        load = await place.trigger(server, ["slack-away"])
        await _until(lambda: len(place.smtp.received) == 1)
        mailed = time.monotonic() - began
        await place.until_quiet()

        place.smtp.answer(*["451 4.3.0 later"] * 2)
        began = time.monotonic()
        load.accepted |= (await place.trigger(server, ["mail-away"])).accepted
        await _until(lambda: any("mail-away" in message.text for message in list(place.slack.messages.values())))
        posted = time.monotonic() - began
        await place.until_quiet()

        place.slack.script("chat.postMessage", Refused("channel_not_found"))
        place.smtp.answer("550 5.1.1 nobody here")
        load.accepted |= (await place.trigger(server, ["nobody"])).accepted
        await place.until_quiet()

        history = await place.history(load, with_providers=False)
        report = Report.of("F12/F13 failing", seed, place, history, email_s=mailed, slack_s=posted)
        outcomes = await place.ask(
            "SELECT string_agg(line, ' ' ORDER BY line) FROM (SELECT i.group_key || '/' || n.channel || '/' || n.status"
            " || '/' || n.attempts AS line FROM notifications n JOIN incidents i ON i.id = n.incident_id) AS lines"
        )
        expected = (
            "mail-away/email/sent/3 mail-away/slack/sent/1 nobody/email/failed/1 nobody/slack/failed/1 "
            "slack-away/email/sent/1 slack-away/slack/sent/3"
        )
        report.must(hold=outcomes == expected, what=f"the ledger says {outcomes}")
        said = await place.ask("SELECT count(*) FROM domain_events WHERE kind = 'notification.failed'")
        report.must(hold=said == 2, what=f"I3: {said} failures are told, there were 2")
        report.must(hold=mailed < 3, what=f"P12: e-mail took {mailed:.1f} s while Slack failed")
        report.must(hold=posted < 3, what=f"P12: Slack took {posted:.1f} s while e-mail failed")
        return report


async def f18_many_workers(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """Four workers without a leader, each pausing at random: every step and every page happens once."""
    async with ground(dsn, directory, seed=seed, steps=3) as place:
        server = await place.start("http").ready()
        workers = [place.start("worker") for _ in range(4)]
        for worker in workers:
            await worker.ready()
        load = await place.trigger(server, [new_dedup_key("f18") for _ in range(size.incidents)])
        pausing = asyncio.create_task(_pause_at_random(place, workers))
        try:
            await place.until_quiet(within=60)
        finally:
            pausing.cancel()
            for worker in workers:
                worker.send(signal.SIGCONT)
        history = await place.history(load)
        report = Report.of("F18 four workers", seed, place, history, pages=history.pages, steps=history.steps)
        report.must(
            hold=history.steps == 3 * size.incidents, what=f"I6: {history.steps} steps, not {3 * size.incidents}"
        )
        report.must(hold=history.repeated == 0, what=f"I5: {history.repeated} pages came twice, with nobody lost")
        expected = 10 * size.incidents  # one person, then two of them twice, on two channels each
        report.must(hold=history.delivered == expected, what=f"{history.delivered} pages left, not {expected}")
        codes = [await worker.stop() for worker in workers]
        report.must(hold=codes == [0] * 4, what=f"the workers ended with {codes}")
        return report


async def f22_noisy_integration(dsn: str, directory: Path, seed: int, size: Size) -> Report:
    """One integration sends a hundred times as much as another, whose pages leave as if it did not.

    Both are measured in turn, and a round's ratio is one of the same moment of the machine. The median of them is what
    is promised: what else the machine did for a moment is in one round, and what is unfair is in all of them.
    """
    quiet, pause = max(FAIR_PAGES, size.incidents // FAIR_ROUNDS), 0.05
    async with ground(dsn, directory, seed=seed, steps=1) as place:
        server = await place.start("http").ready()
        await place.start("worker").ready()
        p99: dict[bool, list[float]] = {False: [], True: []}
        for number in range(-1, FAIR_ROUNDS):  # what comes before the first round makes pools, plans and connections
            for is_beside in (False, True) if number % 2 else (True, False):
                noise = _noise(place, server, f"noise-{number}", pause) if is_beside else contextlib.nullcontext()
                keys = [new_dedup_key(f"f22-{number}") for _ in range(quiet)]
                async with noise:
                    took = await _paged_after(place, server, keys, pause_seconds=pause)
                if number >= 0:
                    p99[is_beside].append(percentile(sorted(took), 0.99))
                await place.until_quiet(within=60)
        history = await place.history(with_providers=False)
        ratio = median(beside / alone for beside, alone in zip(p99[True], p99[False], strict=True))
        noisy = await place.ask("SELECT sum(occurrences)::bigint FROM alerts WHERE dedup_key LIKE 'noise-%'")
        report = Report.of(
            "F22 noisy integration",
            seed,
            place,
            history,
            page_p99_s_alone=median(p99[False]),
            page_p99_s_beside=median(p99[True]),
            ratio=ratio,
            noise=noisy,
        )
        report.must(hold=ratio <= FAIR_RATIO, what=f"P12: others' pages took {ratio:.2f} times as long beside noise")
        sent = quiet * (FAIR_ROUNDS + 1)
        report.must(hold=noisy >= 50 * sent, what=f"only {noisy} events were noise beside {sent}")
        return report


async def _paged_after(
    place: Ground, server: Process, dedup_keys: Sequence[str], *, pause_seconds: float
) -> list[float]:
    """Send them one after the other; return how many seconds each then took until its page was handed over."""
    sent_at: dict[str, float] = {}
    load = place.load(server)
    for dedup_key in dedup_keys:
        sent_at[dedup_key] = time.time()
        await load.send([dedup_key], connections=1)
        await asyncio.sleep(pause_seconds)
    assert not load.failed, load.answers
    paged_at: dict[str, float] = {}
    async with asyncio.timeout(60):
        while len(paged_at) < len(sent_at):
            paged_at = dict(await place.rows(_PAGED_AT, list(sent_at)))
            await asyncio.sleep(0.05)
    return [paged_at[dedup_key] - at for dedup_key, at in sent_at.items()]


@contextlib.asynccontextmanager
async def _noise(place: Ground, server: Process, name: str, pause_seconds: float) -> AsyncIterator[None]:
    """Meanwhile another integration sends a hundred events at a time, of fifty conditions that begin with it.

    From a process of its own: what sends it must not keep waiting who measures.
    """
    words = [server.url, place.crew.alertmanager_key, name, str(pause_seconds)]
    noise = (sys.executable, "-m", "tests.faults.noise", *words)
    sending = await asyncio.create_subprocess_exec(
        *noise, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert sending.stdin is not None
    assert sending.stdout is not None
    try:
        assert await sending.stdout.readline(), "the noise cannot begin"
        sending.stdin.write(b"\n")
        yield
    finally:
        assert sending.returncode is None, "the noise ended by itself"
        sending.terminate()
        await sending.wait()


async def _pause_at_random(place: Ground, workers: list[Process]) -> None:
    while True:
        worker = place.random.choice(workers)
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(place.random.random())
        worker.send(signal.SIGCONT)
        await asyncio.sleep(place.random.random() * 0.2)


async def _until(is_so: Callable[[], bool], *, within: float = 30.0) -> None:
    async with asyncio.timeout(within):
        while not is_so():
            await asyncio.sleep(0.02)


async def _until_accepted(load: Load, count: int, sending: "asyncio.Task[None]") -> None:
    """Return when so many were accepted, or all of the load is over."""
    with contextlib.suppress(TimeoutError):
        await _until(lambda: len(load.accepted_at) >= count or sending.done(), within=60)


SCENARIOS: Final[dict[str, Scenario]] = {
    "F1": f1_http_killed,
    "F2": f2_http_rolled,
    "F3": f3_worker_killed,
    "F4": f4_worker_paused,
    "F5": f5_postgres_killed,
    "F5S": f5_postgres_killed_with_a_spill,
    "F7": f7_network_fails,
    "F7S": f7_network_cut_with_a_spill,
    "F8": f8_valkey_killed,
    "F9": f9_queue_repeats,
    "F10": f10_queue_poison,
    "F12": f12_slack_limited,
    "F13": f13_channels_failing,
    "F18": f18_many_workers,
    "F22": f22_noisy_integration,
}


def as_json(report: Report) -> dict[str, Any]:
    return {name: getattr(report, name) for name in report.__dataclass_fields__}
