"""The program itself, as a process: its exit codes, and how soon it is there."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.inbound.cli.profile import HOW_TO_GET_ONE
from tests.integration.cli.recorded import INCIDENT, page
from tests.integration.cli.server import HANG, Answer, RecordedApi, problem

# A process that asks for help needs none of these; each takes longer to import than all the rest.
HEAVY = ("litestar", "sqlalchemy", "aiobotocore", "uvicorn", "dishka", "asyncpg", "alembic", "structlog", "redis")
START_SECONDS = 0.5
PROGRAM = (sys.executable, "-c", "from entrypoints.cli import main; main()")
PROJECT = Path(__file__).parents[3]

type Program = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Compiled once, as an installed program is, wherever the tests run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    folder = tmp_path_factory.mktemp("bytecode")
    return environment | {"PYTHONPYCACHEPREFIX": str(folder), "PYTHONPATH": str(PROJECT)}


@pytest.fixture
def program(bytecode: dict[str, str], api: RecordedApi, tmp_path: Path) -> Program:
    """Runs it in an empty folder, over the recorded API."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        server = {"TOCSIN_URL": api.url, "TOCSIN_TOKEN": "tsk_1"}
        return subprocess.run(
            [*PROGRAM, *arguments],
            env=bytecode | server | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def _told(done: subprocess.CompletedProcess[str], code: int, line: str) -> None:
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"tocsin: {line}\n")


def test_done_is_0(program: Program, api: RecordedApi) -> None:
    api.answers["GET /v1/incidents"] = Answer(200, page(INCIDENT))
    done = program("incident", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "INC-15" in done.stdout


def test_a_failure_is_1(program: Program, api: RecordedApi) -> None:
    api.answers["POST /v1/incidents/15/resolve"] = problem(500, "internal_error", "Something went wrong.")
    _told(program("incident", "resolve", "15"), 1, "Something went wrong; the server's log tells more of request r-1")


def test_a_wrong_argument_is_2(program: Program) -> None:
    _told(
        program("incident", "list", "-o", "yaml"),
        2,
        'Invalid value "yaml" for -o. Choose from: "table", "json"; see `tocsin incident list --help`',
    )


def test_a_wrong_setting_is_2(program: Program) -> None:
    _told(program("config", TOCSIN_WRONG="1"), 2, "TOCSIN_WRONG is not a setting; docs/configuration.md lists them all")


def test_no_server_is_2_and_says_how_to_get_one(program: Program) -> None:
    done = program("incident", "list", TOCSIN_URL="", TOCSIN_TOKEN="")
    _told(done, 2, HOW_TO_GET_ONE)
    assert "run `tocsin up` in this folder" in done.stderr


def test_not_found_is_3(program: Program, api: RecordedApi) -> None:
    api.answers["GET /v1/incidents/INC-9"] = problem(404, "not_found", "there is no incident 9")
    _told(program("incident", "show", "INC-9"), 3, "there is no incident 9; see `tocsin incident list`")


def test_not_authenticated_is_4(program: Program, api: RecordedApi) -> None:
    api.answers["GET /v1/incidents"] = problem(401, "unauthenticated", "log in, or send an API key as a bearer token")
    _told(
        program("incident", "list"),
        4,
        "log in, or send an API key as a bearer token; "
        "set TOCSIN_TOKEN to a key that an admin made with `tocsin token create`",
    )


def test_no_token_is_4(program: Program, api: RecordedApi) -> None:
    line = f"there is no token for {api.url}: set TOCSIN_TOKEN to a key made with `tocsin token create`"
    _told(program("incident", "list", TOCSIN_TOKEN=""), 4, line)


def test_a_conflict_is_5(program: Program, api: RecordedApi) -> None:
    api.answers["POST /v1/incidents/15/acknowledge"] = problem(409, "illegal_transition", "incident is resolved")
    _told(program("incident", "ack", "15"), 5, "incident is resolved; look at it as it is now, then decide again")


def test_unavailable_is_6(program: Program, api: RecordedApi) -> None:
    api.answers["GET /v1/incidents"] = Answer(503, {"detail": "the database does not answer"}, {"Retry-After": "1"})
    _told(program("incident", "list"), 6, "the database does not answer; try again in 1 s")


@pytest.fixture
def with_ctrl_c() -> Iterator[None]:
    """A program inherits that SIGINT is ignored, and so do tests that a shell started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("with_ctrl_c")
def test_interrupted_is_130(bytecode: dict[str, str], api: RecordedApi, tmp_path: Path) -> None:
    api.answers["GET /v1/incidents"] = HANG
    environment = bytecode | {"TOCSIN_URL": api.url, "TOCSIN_TOKEN": "tsk_1"}
    with subprocess.Popen(
        [*PROGRAM, "incident", "list"], env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 30
        while not api.asked and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (130, "tocsin: interrupted\n")


def test_a_reader_that_goes_away_is_no_traceback(bytecode: dict[str, str], api: RecordedApi, tmp_path: Path) -> None:
    api.answers["GET /v1/incidents"] = Answer(200, page(*[INCIDENT] * 3000))
    environment = bytecode | {"TOCSIN_URL": api.url, "TOCSIN_TOKEN": "tsk_1"}
    with subprocess.Popen(
        [*PROGRAM, "incident", "list", "-o", "json"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_the_profile_of_up_is_found_in_the_folder(program: Program, api: RecordedApi, tmp_path: Path) -> None:
    (tmp_path / ".tocsin").mkdir()
    (tmp_path / ".tocsin" / "cli.json").write_text(f'{{"url": "{api.url}", "token": "tsk_folder"}}')
    api.answers["GET /v1/incidents"] = Answer(200, page())
    assert program("incident", "list", TOCSIN_URL="", TOCSIN_TOKEN="").returncode == 0
    assert api.asked[0].headers["authorization"] == "Bearer tsk_folder"


def test_secrets_are_masked_in_the_settings(program: Program, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 40)
    key = str(tmp_path / "key")
    done = program("config", TOCSIN_DATABASE_URL="postgresql://u:hidden@h/d", TOCSIN_SECRET_KEY_FILE=key)
    assert done.returncode == 0
    assert "hidden" not in done.stdout
    assert "kkkk" not in done.stdout
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert rows["TOCSIN_DATABASE_URL"] == ["********", "environment"]
    assert rows["TOCSIN_SECRET_KEY"] == ["********", "file"]


def test_help_needs_nothing_heavy(program: Program, bytecode: dict[str, str]) -> None:
    asked = "import sys; sys.argv = ['tocsin', '--help']\ntry:\n  from entrypoints.cli import main; main()\nexcept "
    asked += "SystemExit:\n  print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", asked], env=bytecode, capture_output=True, text=True, timeout=60, check=True
    )
    imported = {name.partition(".")[0] for name in done.stderr.split()}
    assert "cyclopts" in imported
    assert imported.isdisjoint(HEAVY)


def test_help_is_there_at_once(program: Program) -> None:
    """Measured in time of the processor, because that of the clock depends on who else is at work."""
    program("--help")
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert program("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < START_SECONDS
