"""The table knows every error of the core."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType

import pytest

import application
import domain
from adapters.inbound.http.problem import ANSWERS, answer_for, pointer, seconds, sentence, steps
from application.errors import ApplicationError
from application.ports.errors import PortError
from domain.shared.errors import DomainError

BASES = (DomainError, ApplicationError, PortError)


def import_all(package: ModuleType) -> None:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)


def descendants(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from descendants(child)


def of_the_core() -> set[type[Exception]]:
    import_all(domain)
    import_all(application)
    found = {kind for base in BASES for kind in descendants(base)}
    return {kind for kind in found if kind.__module__.partition(".")[0] in {"domain", "application"}}


def test_every_error_of_the_core_is_in_the_table_by_its_own_name() -> None:
    assert of_the_core() - ANSWERS.keys() == set()
    assert len(of_the_core()) > 10


def test_what_the_table_names_is_an_error_of_the_core() -> None:
    assert ANSWERS.keys() - of_the_core() == set()


def test_an_adapters_own_error_is_answered_as_what_it_is_a_kind_of() -> None:
    class SlowError(PortError):
        pass

    assert answer_for(SlowError) == ANSWERS[PortError]
    assert answer_for(ValueError) is None


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in of_the_core() if issubclass(kind, BASES)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("field", "expected"),
    [("name", "#/name"), ("steps[0].targets[12].id", "#/steps/0/targets/12/id"), ("a.b", "#/a/b"), ("", "#")],
)
def test_a_field_becomes_a_json_pointer(field: str, expected: str) -> None:
    assert pointer(*steps(field)) == expected


def test_a_pointer_escapes_what_rfc_6901_says() -> None:
    assert pointer("a/b", "c~d", 3) == "#/a~1b/c~0d/3"


@pytest.mark.parametrize(("milliseconds", "expected"), [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (90_000, "90")])
def test_retry_after_is_whole_seconds_and_never_too_early(milliseconds: int, expected: str) -> None:
    assert seconds(timedelta(milliseconds=milliseconds)) == expected


def test_the_decoders_words_become_ours() -> None:
    assert sentence("Expected `int`, got `str`") == "must be 'int', got 'str'"
