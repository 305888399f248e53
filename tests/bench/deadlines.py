"""A thousand deadlines due, of few that wait and of many: from a claim to intents written, by one worker and by two.

Escalation runs become pages to send; incidents whose low urgency rises, and runs that page anew.
"""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from subprocess import Popen
from typing import Final, NamedTuple

import asyncpg
import msgspec
import uvloop

from tests.bench import machine
from tests.bench.drain import READY, Drained
from tests.bench.load import SERVICES
from tests.bench.report import TIMES, Figure, Rows, at_least, at_most
from tests.bench.world import POLICY, SECRET_KEY, World

DUE: Final = 1_000
FEW: Final = 10_000
MANY: Final = 1_000_000
# Enough for two to share that neither is done before the other has begun.
SHARED: Final = 4_000
GROWTH: Final = 1.5

# Each run has an incident of its own, as it has in the product; all wait for hours.
_INCIDENTS: Final = """
INSERT INTO incidents (id, service_id, team_id, group_key, title, severity, urgency, status, triggered_at, version,
  rises_at, next_deadline)
SELECT ('00000000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, s.id, s.team_id, 'key ' || n, s.name, 'SEV4',
  'low', 'triggered', now(), 1, now() + interval '6 hours' + n * interval '1 ms',
  now() + interval '6 hours' + n * interval '1 ms'
FROM generate_series(0, $1::int - 1) n
JOIN services s ON s.id = ('00000000-0000-7000-8000-' || lpad(to_hex(n % $2::int), 12, '0'))::uuid
"""
_RUNS: Final = """
INSERT INTO escalation_runs (id, incident_id, policy_id, policy_version, status, round, step, next_deadline, started_at,
  version)
SELECT ('00000000-0001-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
  ('00000000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $2, 1, 'running', 0, 0,
  now() + interval '6 hours' + n * interval '1 ms', now(), 1
FROM generate_series(0, $1::int - 1) n
"""
# The same incidents each time, spread over all. Their runs of before give way, and page no more.
_MAKE_DUE: Final = """
UPDATE incidents SET urgency = 'low', rises_at = $3::timestamptz, next_deadline = $3::timestamptz
WHERE id IN (SELECT ('00000000-0001-7000-8000-' || lpad(to_hex(n * $2::int), 12, '0'))::uuid
  FROM generate_series(0, $1::int - 1) n)
"""
_TABLES: Final = "incidents, escalation_runs, notifications"
USE_CASES: Final = {"incidents": "incidents that rise", "escalations": "runs"}


class Worker(NamedTuple):
    """A process that drains when it is told to, and the database that it works on."""

    process: Popen[str]
    world: World

    def tell(self, name: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()

    def answer(self) -> Drained:
        return msgspec.json.decode(machine.answer_of(self.process, log=self.world.log), type=Drained)


class Cost(NamedTuple):
    """Of what was due, with one worker or several."""

    seconds: float
    worker_cpu: float
    postgres_cpu: float
    statements: int


type Costs = dict[str, Cost]


class Measured(NamedTuple):
    """One round each."""

    few: list[Costs]
    many: list[Costs]
    alone: list[Costs]
    together: list[Costs]


def measure(world: World, *, rounds: int, quick: bool) -> tuple[list[Figure], Rows]:
    many = 100_000 if quick else MANY
    measured = Measured([], [], [], [])
    with contextlib.ExitStack() as stack:
        few_dsn, many_dsn = (stack.enter_context(world.database(f"deadlines-{name}")) for name in ("few", "many"))
        for dsn, pending in ((few_dsn, FEW), (many_dsn, many)):
            uvloop.run(_fill(dsn, pending))
        (few_worker,) = stack.enter_context(_workers(world, few_dsn, 1))
        both = stack.enter_context(_workers(world, many_dsn, 2))
        for number in range(rounds + 1):
            costs = Measured(
                few=[_drained(few_dsn, [few_worker], due=DUE, stride=FEW // DUE)],
                many=[_drained(many_dsn, both[:1], due=DUE, stride=many // DUE)],
                alone=[_drained(many_dsn, both[:1], due=SHARED, stride=many // SHARED)],
                together=[_drained(many_dsn, both, due=SHARED, stride=many // SHARED)],
            )
            if number:  # the first round makes connections and plans, and fills the cache
                for kept, of_round in zip(measured, costs, strict=True):
                    kept.extend(of_round)
    return _figures(measured, many), _rows(measured, many)


async def _fill(dsn: str, pending: int) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(_INCIDENTS, pending, SERVICES, timeout=600)
    await connection.execute(_RUNS, pending, POLICY, timeout=600)
    await connection.execute(f"VACUUM ANALYZE {_TABLES}", timeout=600)
    await connection.close()


@contextlib.contextmanager
def _workers(world: World, dsn: str, how_many: int) -> Iterator[list[Worker]]:
    environment = {"TOCSIN_DATABASE_URL": dsn, "TOCSIN_SECRET_KEY": SECRET_KEY}
    with contextlib.ExitStack() as stack:
        started = []
        for _ in range(how_many):
            process = machine.start("tests.bench.drain", log=world.log, environment=environment)
            stack.callback(machine.stop, process)
            started.append(Worker(process, world))
        for worker in started:
            word = machine.answer_of(worker.process, log=world.log).strip()
            assert word == READY, word
        yield started


def _drained(dsn: str, workers: Sequence[Worker], *, due: int, stride: int) -> Costs:
    """What each use case costs, one after the other: the runs are those that the incidents have just begun."""
    uvloop.run(_make_due(dsn, due, stride))
    return {name: _cost(name, workers, due) for name in USE_CASES}


async def _make_due(dsn: str, due: int, stride: int) -> None:
    """And leave nothing for the vacuum to do meanwhile: dead rows of an earlier round are no part of this one."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(_MAKE_DUE, due, stride, datetime.now(UTC) - timedelta(seconds=1))  # noqa: TID251
    await connection.execute(f"VACUUM {_TABLES}", timeout=600)
    await connection.close()


def _cost(name: str, workers: Sequence[Worker], due: int) -> Cost:
    postgres_pid = workers[0].world.postgres_pid
    postgres_then = machine.cpu_seconds(postgres_pid)
    for worker in workers:
        worker.tell(name)
    answers = [worker.answer() for worker in workers]
    moved = sum(answer.moved for answer in answers)
    if moved != due:
        raise machine.BenchError(f"{moved} {name} moved of {due} that were due")
    return Cost(
        seconds=max(answer.ended_at for answer in answers) - min(answer.begun_at for answer in answers),
        worker_cpu=sum(answer.cpu_seconds for answer in answers),
        postgres_cpu=machine.cpu_seconds(postgres_pid) - postgres_then,
        statements=sum(answer.statements for answer in answers),
    )


def _figures(measured: Measured, many: int) -> list[Figure]:
    return [figure for name, noun in USE_CASES.items() for figure in _figures_of(name, noun, measured, many)]


def _figures_of(name: str, noun: str, measured: Measured, many: int) -> list[Figure]:
    pairs = [(much[name], few[name]) for much, few in zip(measured.many, measured.few, strict=True)]
    shared = [
        alone[name].seconds / both[name].seconds for alone, both in zip(measured.alone, measured.together, strict=True)
    ]
    what = f"{DUE:,} {noun} due, claim to intents written"
    return [
        at_most(
            f"{what}, among {many:,} ÷ among {FEW:,}",
            GROWTH,
            median(much.seconds / few.seconds for much, few in pairs),
            TIMES,
        ),
        at_least(f"{SHARED:,} {noun} due, two workers ÷ one", 1, median(shared), TIMES),
        at_most(f"{what}, among {many:,}", None, 1000 * median(much.seconds for much, _ in pairs), "ms"),
    ]


def _rows(measured: Measured, many: int) -> Rows:
    named = {
        f"{DUE:,} due among {FEW:,}": (measured.few, DUE),
        f"{DUE:,} due among {many:,}": (measured.many, DUE),
        f"{SHARED:,} due among {many:,}": (measured.alone, SHARED),
        f"{SHARED:,} due among {many:,}, two workers": (measured.together, SHARED),
    }
    return {
        f"{noun}, {what}": _row([each[name] for each in costs], due)
        for name, noun in USE_CASES.items()
        for what, (costs, due) in named.items()
    }


def _row(costs: Sequence[Cost], due: int) -> dict[str, float]:
    return {
        "due a second": round(due / median(each.seconds for each in costs)),
        "worker CPU µs each": round(1e6 * median(each.worker_cpu for each in costs) / due),
        "PostgreSQL CPU µs each": round(1e6 * median(each.postgres_cpu for each in costs) / due),
        "statements of a hundred": round(100 * median(each.statements for each in costs) / due, 1),
    }
