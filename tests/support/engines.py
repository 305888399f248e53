"""The engines that tests run on: one of each per session, shared by all workers, started when first asked for.

Whoever needs an engine first starts its keeper, a process that starts the engine, writes down where it is, and waits.
The keepers read from a FIFO whose only writer is the session's controlling process, so however that one ends, they
notice, stop their engines and leave nothing behind.

Which engine: the server whose URL is in `TOCSIN_TEST_DB_URL` or `TOCSIN_TEST_REDIS_URL`; else, with
`TOCSIN_TEST_BACKEND=containers` and a Docker engine that answers, a container; else an embedded one. Never none.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

ROOT: Final = Path(__file__).parents[2]
SESSION: Final = "TOCSIN_TEST_SESSION"  # the session's directory, for its workers
START_SECONDS: Final = 90.0
POSTGRES_IMAGE: Final = "postgres:18"
VALKEY_IMAGE: Final = "valkey/valkey:9"
REGION: Final = "eu-west-1"
ACCOUNT: Final = "123456789012"

type Place = dict[str, str]  # where an engine is


class EngineError(Exception):
    """A test engine did not start."""


@contextlib.contextmanager
def session() -> Iterator[None]:
    """The time in which engines may be asked for; all of them are gone at its end."""
    directory = Path(tempfile.mkdtemp(prefix="tocsin-test-"))
    directory.chmod(0o711)  # an engine that root starts runs as someone else
    before = os.environ.get(SESSION)
    os.mkfifo(directory / "controller", 0o600)
    descriptor = os.open(directory / "controller", os.O_RDWR | os.O_CLOEXEC)
    os.environ[SESSION] = str(directory)
    try:
        yield
    finally:
        os.close(descriptor)
        if before is None:
            del os.environ[SESSION]
        else:
            os.environ[SESSION] = before
        with (directory / "alive").open("w") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX)  # every keeper shares it for as long as it lives
        shutil.rmtree(directory, ignore_errors=True)


def obtain(engine: str) -> Place:
    """Where the session's engine is, after starting it if nobody has.

    Raises:
        EngineError: it does not start, or there is no session.
    """
    if SESSION not in os.environ:
        raise EngineError("no session of test engines is open")
    directory = Path(os.environ[SESSION])
    place = directory / f"{engine}.json"
    with (directory / f"{engine}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            start_keeper(engine, directory, place)
    found: Place = json.loads(place.read_text())
    return found


def start_keeper(engine: str, directory: Path, place: Path) -> None:
    """Start the keeper of an engine and wait until the engine is there."""
    log = directory / f"{engine}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.engines", engine, str(directory)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the session, which then tells the keepers
        )
    deadline = time.monotonic() + START_SECONDS
    while not place.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise EngineError(f"the test engine {engine} did not start:\n{log.read_text()}")
        time.sleep(0.01)
    process.returncode = 0  # it outlives this process on purpose, which would otherwise be reported as a leak


def keep(engine: str, directory: Path) -> None:
    """Run one engine until the session's controlling process is gone."""
    with (directory / "alive").open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_SH)
        # Opened before anything slow: the controlling process may end meanwhile.
        with (directory / "controller").open("rb", buffering=0) as controller, ENGINES[engine](directory) as place:
            unfinished = directory / f"{engine}.json.new"
            unfinished.write_text(json.dumps(place))
            unfinished.rename(directory / f"{engine}.json")
            controller.read()
        with contextlib.suppress(BlockingIOError):  # unless another keeper is still at it
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread of its own, whatever event loop the caller may be under."""
    results: list[T] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


# PostgreSQL


@contextlib.contextmanager
def postgres_engine(directory: Path) -> Iterator[Place]:
    """A server with a database that is migrated once and is there to be copied."""
    from entrypoints.migrate import migrate  # late, so that only this keeper pays for it

    with postgres_server(directory) as server:
        place = {"server": server, "prefix": f"tocsin_{secrets.token_hex(4)}"}
        template = f"{place['prefix']}_template"
        try:
            asyncio.run(execute(server, f"CREATE DATABASE {template}"))
            migrate(database_dsn(server, template))
            asyncio.run(execute(server, f"ALTER DATABASE {template} ALLOW_CONNECTIONS false"))
            yield place | {"template": template}
        finally:
            if "TOCSIN_TEST_DB_URL" in os.environ:
                asyncio.run(drop_databases(server, place["prefix"]))


@contextlib.contextmanager
def postgres_server(directory: Path) -> Iterator[str]:
    """The dsn of a server, by whose grace databases can be created."""
    if url := os.environ.get("TOCSIN_TEST_DB_URL"):
        yield url.replace("postgresql+asyncpg://", "postgresql://")
    elif containers_wanted():
        from testcontainers.community.postgres import PostgresContainer

        with PostgresContainer(POSTGRES_IMAGE, username="tocsin", password="tocsin", dbname="tocsin") as container:
            yield container.get_connection_url(driver=None)
    else:
        from entrypoints.embedded.postgres import EmbeddedPostgres

        postgres = EmbeddedPostgres(directory / "postgres", durability=False)
        dsn = asyncio.run(postgres.start())
        try:
            yield dsn
        finally:
            asyncio.run(postgres.stop())


def database_dsn(server: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))


async def execute(dsn: str, *statements: str) -> None:
    """Run statements, each in its own transaction."""
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def drop_databases(server: str, prefix: str) -> None:
    """Remove a session's databases from a server that lives on."""
    connection = await asyncpg.connect(server)
    try:
        for row in await connection.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix):
            await connection.execute(f"DROP DATABASE {row['datname']} WITH (FORCE)")
    finally:
        await connection.close()


@contextlib.contextmanager
def database(name: str = "", *, migrated: bool = True) -> Iterator[str]:
    """The dsn of a new database, a copy of the migrated one or, on request, empty; dropped at the end."""
    place = obtain("postgres")
    full_name = f"{place['prefix']}_{name or secrets.token_hex(6)}"
    source = place["template"] if migrated else "template0"
    run(execute(place["server"], f"CREATE DATABASE {full_name} TEMPLATE {source} STRATEGY wal_log"))
    try:
        yield database_dsn(place["server"], full_name)
    finally:
        run(execute(place["server"], f"DROP DATABASE {full_name} WITH (FORCE)"))


# Only tables with rows are touched, because most are empty, and an empty one costs a look. The role `replica` leaves
# out foreign keys and triggers, so order does not matter and append-only tables can be emptied too.
EMPTY_ALL_TABLES: Final = """
DO $$
DECLARE
    place regclass;
    occupied boolean;
    counter record;
BEGIN
    SET LOCAL session_replication_role = replica;
    SET LOCAL lock_timeout = '5s';
    FOR place IN
        SELECT oid::regclass FROM pg_class
        WHERE relkind = 'r' AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
            AND relname <> 'alembic_version' AND relpersistence <> 't'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', place) INTO occupied;
        IF occupied THEN
            EXECUTE format('DELETE FROM %s', place);
        END IF;
    END LOOP;
    FOR counter IN
        SELECT format('%I.%I', schemaname, sequencename)::regclass AS place, start_value
        FROM pg_sequences WHERE last_value IS NOT NULL
    LOOP
        PERFORM setval(counter.place, counter.start_value, false);
    END LOOP;
END $$
"""


async def empty_all_tables(dsn: str) -> None:
    """Delete every row and start every sequence again.

    Raises `asyncpg.LockNotAvailableError` when a session that was left open holds rows.
    """
    await execute(dsn, EMPTY_ALL_TABLES)


# Valkey


@contextlib.contextmanager
def valkey_engine(directory: Path) -> Iterator[Place]:
    """A Valkey; each worker takes a database of its own."""
    if url := os.environ.get("TOCSIN_TEST_REDIS_URL"):
        yield {"url": url}
    elif containers_wanted():
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.wait_strategies import LogMessageWaitStrategy

        container = DockerContainer(VALKEY_IMAGE).with_exposed_ports(6379)
        container.waiting_for(LogMessageWaitStrategy("Ready to accept connections"))
        with container:
            yield {"url": f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}"}
    else:
        from entrypoints.embedded.valkey import EmbeddedValkey

        valkey = EmbeddedValkey(directory / "valkey", durability=False)
        url = asyncio.run(valkey.start())
        try:
            yield {"url": url}
        finally:
            asyncio.run(valkey.stop())


def valkey_database(url: str, worker: str) -> str:
    """The same server, the worker's own database of the sixteen there are."""
    number = int(worker.removeprefix("gw")) % 16 if worker.startswith("gw") else 0
    parts = urlsplit(url)
    return f"{url}?db={number}" if parts.scheme == "unix" else urlunsplit(parts._replace(path=f"/{number}"))


# SQS and SNS


@contextlib.contextmanager
def sqs_engine(directory: Path) -> Iterator[Place]:
    """Moto's server, which answers for SQS and SNS."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield {"endpoint": f"http://{host}:{port}"}
    finally:
        server.stop()


@dataclass(frozen=True, slots=True)
class Sqs:
    """Queues for tests; each test makes its own, since the server is shared."""

    endpoint: str
    region: str = REGION
    access_key: str = "testing"
    secret_key: str = "testing"

    def call(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask SQS for something, in its JSON protocol, and return the answer."""
        request = urllib.request.Request(  # noqa: S310 - the address is ours
            self.endpoint,
            data=json.dumps(body).encode(),
            headers={
                "X-Amz-Target": f"AmazonSQS.{action}",
                "Content-Type": "application/x-amz-json-1.0",
                "Authorization": f"AWS4-HMAC-SHA256 Credential={self.access_key}/20260101/{REGION}/sqs/aws4_request",
            },
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            content = answer.read()
        return json.loads(content) if content else {}

    def create_queue(self, name: str = "", **attributes: str) -> str:
        """Make a queue with a name that nobody else has, and return its URL; attributes as SQS spells them."""
        full_name = f"{name or 'queue'}-{secrets.token_hex(6)}"
        if attributes.get("FifoQueue") == "true":
            full_name += ".fifo"
        url: str = self.call("CreateQueue", {"QueueName": full_name, "Attributes": attributes})["QueueUrl"]
        return url

    def create_queue_with_dead_letters(self, *, receives: int, **attributes: str) -> tuple[str, str]:
        """Make a queue that moves a message to a second one after so many receives; return the URLs of both."""
        dead = self.create_queue("dead")
        policy = json.dumps({"deadLetterTargetArn": self.arn(dead), "maxReceiveCount": receives})
        return self.create_queue("main", RedrivePolicy=policy, **attributes), dead

    def arn(self, queue_url: str) -> str:
        """The resource name of a queue."""
        return f"arn:aws:sqs:{self.region}:{ACCOUNT}:{queue_url.rpartition('/')[2]}"

    def send(self, queue_url: str, body: str, **more: object) -> None:
        """Put one message into a queue."""
        self.call("SendMessage", {"QueueUrl": queue_url, "MessageBody": body, **more})

    def receive(self, queue_url: str, *, wait_seconds: int = 0) -> list[dict[str, Any]]:
        """Take up to ten messages, with all their attributes."""
        names = {"AttributeNames": ["All"], "MessageAttributeNames": ["All"], "MaxNumberOfMessages": 10}
        answer = self.call("ReceiveMessage", {"QueueUrl": queue_url, "WaitTimeSeconds": wait_seconds, **names})
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def depth(self, queue_url: str) -> tuple[int, int]:
        """How many messages wait, and how many are with a receiver."""
        asked = {"QueueUrl": queue_url, "AttributeNames": ["All"]}
        found = self.call("GetQueueAttributes", asked)["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


def containers_wanted() -> bool:
    """Whether containers are asked for and a Docker engine answers."""
    if os.environ.get("TOCSIN_TEST_BACKEND") != "containers":
        return False
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env()
        try:
            client.ping()
        finally:
            client.close()
    except DockerException:
        return False
    return True


ENGINES: Final[dict[str, Callable[[Path], contextlib.AbstractContextManager[Place]]]] = {
    "postgres": postgres_engine,
    "valkey": valkey_engine,
    "sqs": sqs_engine,
}


def main() -> None:
    engine, directory = sys.argv[1:]
    try:
        keep(engine, Path(directory))
    except Exception:  # noqa: BLE001 - whoever started it reads the log
        traceback.print_exc()
        sys.exit(1)


if __name__ == "__main__":
    main()
