"""Commands that do not ask the API."""

import io
import json
from datetime import timedelta

import pytest

from adapters.inbound.cli.operations import Finding
from adapters.outbound.memory.dead_letter_queue import MemoryDeadLetterQueue
from application.ports.dead_letter_queue import QueuedDeadLetter
from tests.unit.cli.operations import NOW, RememberedOperations

OK = Finding("database", "ok", "PostgreSQL 18.0 answers")
WARNING = Finding("clock", "warn", "3 s from the database's", "start NTP")
FAILURE = Finding("schema", "fail", "it is older", "run `tocsin db migrate`")


@pytest.fixture
def queue() -> MemoryDeadLetterQueue:
    letters = [
        QueuedDeadLetter(message_id=f"m{each}", sent_at=NOW - timedelta(hours=each), body=f'{{"n":{each}}}', reason=why)
        for each, why in ((1, "is no JSON"), (2, None))
    ]
    return MemoryDeadLetterQueue(letters=letters)


@pytest.mark.parametrize("name", ["http", "worker", "consumer", "up"])
def test_a_process_ends_the_program_with_its_own_exit_code(name: str) -> None:
    operations = RememberedOperations(process_result=1)
    assert operations.tocsin(name) == 1
    assert operations.asked == ["up demo=False" if name == "up" else name]


def test_up_can_begin_with_the_demo() -> None:
    operations = RememberedOperations()
    assert operations.tocsin("up", "--demo") == 0
    assert operations.asked == ["up demo=True"]


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ("db migrate", "migrate"),
        ("db check", "check schema"),
        ("db seal", "seal"),
        ("demo seed", "seed"),
        ("demo remove", "remove"),
    ],
)
def test_work_at_the_database_is_handed_on(arguments: str, asked: str) -> None:
    operations = RememberedOperations()
    assert operations.tocsin(*arguments.split()) == 0
    assert operations.asked == [asked]


def test_sealing_tells_how_far_it_is_and_fails_when_some_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert RememberedOperations().tocsin("db", "seal") == 0
    done = "1 lay clear and 2 were sealed under the key before: all are sealed now"
    assert capsys.readouterr().err.splitlines() == ["2 are sealed anew", done]
    assert RememberedOperations(unreadable=3).tocsin("db", "seal") == 1
    assert "3 can be read with neither key" in capsys.readouterr().err


def test_the_doctor_shows_each_finding_with_its_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert RememberedOperations(findings=(OK, WARNING)).tocsin("doctor") == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "ok    database: PostgreSQL 18.0 answers",
        "warn  clock: 3 s from the database's",
        "      start NTP",
    ]
    assert captured.err == "2 checks: 0 failed, 1 to look at\n"


def test_the_doctor_fails_when_a_check_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert RememberedOperations(findings=(OK, FAILURE)).tocsin("doctor", "-o", "json") == 1
    assert json.loads(capsys.readouterr().out)[1] == FAILURE._asdict()


def test_the_first_admin_s_secrets_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    operations = RememberedOperations()
    assert operations.tocsin("user", "create", "--first-admin", "--email", "a@example.com", "--name", "Ada") == 0
    assert operations.asked == ["first admin Ada a@example.com"]
    assert capsys.readouterr().out.splitlines() == ["first-password", "first-secret"]


def test_a_local_token_alone_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    operations = RememberedOperations()
    arguments = ("token", "create", "ci", "--local", "--scope", "read", "--scope", "configure", "--days", "7")
    assert operations.tocsin(*arguments) == 0
    assert operations.asked == ["key ci ['configure', 'read'] 7"]
    assert capsys.readouterr().out == "tsk_local\n"


def test_a_local_token_is_nobody_else_s() -> None:
    assert RememberedOperations().tocsin("token", "create", "ci", "--local", "--user", "ada@example.com") == 2


def test_dead_letters_are_listed_with_their_reasons(
    queue: MemoryDeadLetterQueue, capsys: pytest.CaptureFixture[str]
) -> None:
    assert RememberedOperations(queue=queue).tocsin("dlq", "list") == 0
    first, second = capsys.readouterr().out.splitlines()[1:]
    assert first.startswith("m1")
    assert first.endswith("is no JSON")
    assert second.endswith("delivered too often")


def test_one_dead_letter_is_shown_whole(queue: MemoryDeadLetterQueue, capsys: pytest.CaptureFixture[str]) -> None:
    assert RememberedOperations(queue=queue).tocsin("dlq", "show", "m2", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["body"] == '{"n":2}'
    assert RememberedOperations(queue=queue).tocsin("dlq", "show", "m9") == 3


def test_a_redrive_is_a_dry_run_unless_told_otherwise(
    queue: MemoryDeadLetterQueue, capsys: pytest.CaptureFixture[str]
) -> None:
    operations = RememberedOperations(queue=queue)
    assert operations.tocsin("dlq", "redrive") == 0
    assert len(queue.letters) == 2
    assert "2 would be sent back" in capsys.readouterr().err
    assert operations.tocsin("dlq", "redrive", "--run", "--limit", "1") == 0
    assert [letter.message_id for letter in queue.letters] == ["m2"]
    assert "1 sent back" in capsys.readouterr().err


@pytest.mark.parametrize("limit", ["0", "1001"])
def test_a_redrive_has_a_limit(limit: str, queue: MemoryDeadLetterQueue) -> None:
    assert RememberedOperations(queue=queue).tocsin("dlq", "redrive", "--run", "--limit", limit) == 2
    assert len(queue.letters) == 2


@pytest.mark.parametrize("label", ["nolabel", "=x"])
def test_an_event_s_label_has_a_name_and_a_value(label: str) -> None:
    environment = {"TOCSIN_URL": "http://127.0.0.1:1", "TOCSIN_TOKEN": "x"}
    assert RememberedOperations().tocsin("event", "send", "--key", "k", "--label", label, **environment) == 2


def test_an_event_needs_exactly_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("k\n"))
    environment = {"TOCSIN_URL": "http://127.0.0.1:1", "TOCSIN_TOKEN": "x"}
    send = ("event", "send", "--summary", "x")
    assert RememberedOperations().tocsin(*send, **environment) == 2
    assert RememberedOperations().tocsin(*send, "--key", "k", "--key-file", "-", **environment) == 2
    nobody_listens = RememberedOperations().tocsin(*send, "--key-file", "-", "--wait", "0", **environment)
    assert nobody_listens == 6
    assert RememberedOperations().tocsin(*send, "--key-file", "/nowhere/key", **environment) == 2
    assert RememberedOperations().tocsin(*send, "--key", "k", "--wait", "3601", **environment) == 2
    both = environment | {"TOCSIN_INTEGRATION_KEY": "k", "TOCSIN_INTEGRATION_KEY_FILE": "/nowhere/key"}
    assert RememberedOperations().tocsin(*send, **both) == 2


def test_a_notification_that_says_nothing_about_a_condition_is_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    nobody_listens = {"TOCSIN_URL": "http://127.0.0.1:1", "TOCSIN_INTEGRATION_KEY": "k"}
    nagios = ("event", "nagios", "--type", "DOWNTIMESTART", "--host", "web-1")
    assert RememberedOperations().tocsin(*nagios, **nobody_listens) == 0
    assert "nothing is sent" in capsys.readouterr().err
    assert RememberedOperations().tocsin(*nagios, TOCSIN_URL="http://127.0.0.1:1") == 2  # no key
    assert RememberedOperations().tocsin("event", "nagios", "--type", "PROBLEM", "--host", "", **nobody_listens) == 2


def test_the_settings_are_shown_with_their_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert RememberedOperations().tocsin("config") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["TOCSIN_LOG_LEVEL", "info", "default"]


def test_the_version_is_the_distribution_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert RememberedOperations().tocsin("version") == 0
    assert RememberedOperations().tocsin("--version") == 0
    shown, short = capsys.readouterr().out.splitlines()
    assert shown == f"tocsin {short}"
