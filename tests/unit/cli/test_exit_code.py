from collections.abc import Iterator

import pytest

from adapters.inbound.cli.exit_code import ANSWERS, MEANINGS, CommandError, ExitCode, of_error, of_status
from application.errors import ApplicationError, ConflictError, ForbiddenError, NotFoundError
from application.ports.errors import PortError, TransientPortError
from domain.shared.errors import DomainError
from tests.unit.cli.operations import RememberedOperations


def _descendants(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _descendants(each)


@pytest.mark.parametrize("root", [DomainError, ApplicationError, PortError])
def test_every_error_of_the_core_has_an_exit_code(root: type[Exception]) -> None:
    core = ("domain.", "application.")
    assert [each for each in _descendants(root) if each.__module__.startswith(core) and each not in ANSWERS] == []


def test_the_numbers_never_change() -> None:
    numbers = {code.name: code.value for code in ExitCode}
    assert numbers == {
        "OK": 0,
        "FAILURE": 1,
        "USAGE": 2,
        "NOT_FOUND": 3,
        "AUTH": 4,
        "CONFLICT": 5,
        "UNAVAILABLE": 6,
        "INTERRUPTED": 130,
    }


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, ExitCode.USAGE),
        (401, ExitCode.AUTH),
        (403, ExitCode.AUTH),
        (404, ExitCode.NOT_FOUND),
        (409, ExitCode.CONFLICT),
        (412, ExitCode.CONFLICT),
        (422, ExitCode.USAGE),
        (429, ExitCode.UNAVAILABLE),
        (500, ExitCode.FAILURE),
        (503, ExitCode.UNAVAILABLE),
        (302, ExitCode.FAILURE),
    ],
)
def test_a_status_of_http_has_an_exit_code(status: int, code: ExitCode) -> None:
    assert of_status(status) is code


def test_help_documents_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert RememberedOperations().tocsin("--help") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    for code in ExitCode:
        assert [str(code.value), *MEANINGS[code].split()] in lines


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (CommandError("no database is known here", ExitCode.USAGE), 2),
        (NotFoundError("incident", 9), 3),
        (ForbiddenError("not yours"), 4),
        (ConflictError("user", 1), 5),
        (TransientPortError("the database does not answer"), 6),
        (PortError("it broke"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_what_went_wrong_is_one_line_and_an_exit_code(
    failure: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert RememberedOperations(failure=failure).tocsin("db", "migrate") == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tocsin: ")
    assert captured.err.count("\n") == 1


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        RememberedOperations(failure=ZeroDivisionError()).tocsin("db", "migrate")
    assert of_error(ZeroDivisionError()) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("nope",),
        ("incident", "nope"),
        ("incident", "show"),
        ("incident", "list", "--zzz"),
        ("incident", "list", "-o", "yaml"),
        ("incident", "list", "-n", "many"),
        ("token", "create", "ci", "--scope", "fly"),
    ],
)
def test_a_wrong_argument_is_a_usage_error_that_names_the_help(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert RememberedOperations().tocsin(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("tocsin: ")
    assert "see `tocsin" in error
    assert "--help`" in error
    assert error.count("\n") == 1
