"""What becomes of a message that could not be handled."""

from datetime import timedelta
from itertools import pairwise

import pytest

from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.sqs.disposition import (
    DISPOSITIONS,
    MOST_DELAY_SECONDS,
    delay_seconds,
    is_bug,
    is_set_aside,
    reason_of,
)
from application.errors import ApplicationError, ConflictError
from application.ports.errors import PermanentPortError, PortError, TransientPortError
from domain.shared.errors import DomainError, InvalidValueError


def kinds_of(error: type[Exception]) -> set[type[Exception]]:
    return {error}.union(*map(kinds_of, error.__subclasses__()))


@pytest.mark.parametrize("root", [DomainError, ApplicationError, PortError, MalformedEventError])
def test_every_error_of_ours_has_its_place(root: type[Exception]) -> None:
    ours = {kind for kind in kinds_of(root) if kind.__module__.split(".")[0] in {"domain", "application", "adapters"}}

    assert ours <= DISPOSITIONS.keys()


@pytest.mark.parametrize("error", [TransientPortError("away"), ConflictError("incident", 1)])
def test_a_good_message_is_never_given_up(error: Exception) -> None:
    assert not is_set_aside(error, receives=10_000, most_receives=8)


@pytest.mark.parametrize("error", [MalformedEventError([FieldError("/a", "b")]), InvalidValueError("a", "b")])
def test_a_bad_message_is_given_up_at_once(error: Exception) -> None:
    assert is_set_aside(error, receives=1, most_receives=8)


@pytest.mark.parametrize("error", [PermanentPortError("refused"), ZeroDivisionError(), RecursionError()])
def test_what_may_be_our_fault_is_tried_some_times(error: Exception) -> None:
    assert not is_set_aside(error, receives=7, most_receives=8)
    assert is_set_aside(error, receives=8, most_receives=8)


def test_a_bug_does_not_say_what_was_in_the_message() -> None:
    assert reason_of(KeyError("a-secret")) == "internal error: KeyError"
    assert is_bug(KeyError("a-secret"))


def test_an_error_of_ours_says_what_is_wrong() -> None:
    assert reason_of(InvalidValueError("name", "is empty")) == "name: is empty"
    assert not is_bug(InvalidValueError("name", "is empty"))


def test_the_delay_doubles_up_to_a_limit() -> None:
    delays = [delay_seconds(receives, base_seconds=2, fraction=0) for receives in range(1, 12)]

    assert delays == [2, 4, 8, 16, 32, 64, 128, 256, 512, MOST_DELAY_SECONDS, MOST_DELAY_SECONDS]
    assert all(earlier <= later for earlier, later in pairwise(delays))


def test_chance_adds_up_to_half_as_much_again() -> None:
    assert delay_seconds(3, base_seconds=2, fraction=0.999) == 12


@pytest.mark.parametrize(("wait_seconds", "hidden"), [(0, 2), (1.5, 2), (59.2, 60), (3600, MOST_DELAY_SECONDS)])
def test_what_may_come_only_later_is_not_had_back_before(wait_seconds: float, hidden: int) -> None:
    assert delay_seconds(1, base_seconds=2, fraction=0, not_before=timedelta(seconds=wait_seconds)) == hidden


@pytest.mark.parametrize("receives", [-1, 0, 1, 10**9])
def test_a_message_is_never_had_back_at_once(receives: int) -> None:
    assert 1 <= delay_seconds(receives, base_seconds=0.01, fraction=0) <= MOST_DELAY_SECONDS
