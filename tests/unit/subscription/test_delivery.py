from dataclasses import replace
from datetime import timedelta

import pytest

from domain.shared.errors import IllegalTransitionError
from domain.subscription.delivery import ATTEMPTS_KEPT, Attempt, DeliveryStatus, Verdict
from domain.subscription.retry import GIVE_UP_AFTER
from tests.support.builders import NOON
from tests.support.subscriptions import a_delivery


def an_attempt(verdict: Verdict, *, after: timedelta = timedelta(0)) -> Attempt:
    return Attempt(NOON + after, NOON + after, verdict, "said")


LEASED = a_delivery().lease(at=NOON, was_lost=False)


def test_what_arrived_is_settled() -> None:
    settled, again_at = LEASED.settle(an_attempt(Verdict.DELIVERED), jitter=0.5)
    assert (settled.status, settled.settled_at, again_at) == (DeliveryStatus.DELIVERED, NOON, None)
    assert settled.log == (an_attempt(Verdict.DELIVERED),)


def test_what_failed_is_tried_again_and_is_no_repeat() -> None:
    settled, again_at = LEASED.settle(an_attempt(Verdict.FAILED), jitter=0.5)
    assert (settled.status, settled.may_be_repeat) == (DeliveryStatus.PENDING, False)
    assert again_at == NOON + timedelta(seconds=5)


def test_after_an_attempt_without_an_answer_the_next_may_be_a_repeat() -> None:
    settled, again_at = LEASED.settle(an_attempt(Verdict.UNKNOWN), jitter=0.5)
    assert settled.may_be_repeat
    assert again_at is not None


def test_after_an_attempt_that_was_never_settled_the_next_may_be_a_repeat() -> None:
    again = LEASED.lease(at=NOON, was_lost=True)
    assert (again.may_be_repeat, again.attempts, again.first_attempted_at) == (True, 2, NOON)


def test_after_a_day_it_is_given_up() -> None:
    given_up, again_at = LEASED.settle(an_attempt(Verdict.FAILED, after=GIVE_UP_AFTER), jitter=0.5)
    assert (given_up.status, again_at) == (DeliveryStatus.FAILED, None)


def test_the_log_holds_the_last_attempts() -> None:
    full = replace(LEASED, log=(an_attempt(Verdict.FAILED),) * ATTEMPTS_KEPT)
    settled, _ = full.settle(an_attempt(Verdict.DELIVERED), jitter=0.5)
    assert len(settled.log) == ATTEMPTS_KEPT
    assert settled.log[-1].verdict is Verdict.DELIVERED


def test_replayed_it_has_its_id_and_a_day_of_its_own_and_says_that_it_is_a_repeat() -> None:
    settled, _ = LEASED.settle(an_attempt(Verdict.DELIVERED), jitter=0.5)
    replayed = settled.replay()
    assert (replayed.id, replayed.status, replayed.replays) == (settled.id, DeliveryStatus.PENDING, 1)
    assert (replayed.attempts, replayed.first_attempted_at, replayed.may_be_repeat) == (0, None, True)
    assert replayed.log == settled.log


def test_what_is_under_way_is_not_replayed() -> None:
    with pytest.raises(IllegalTransitionError):
        LEASED.replay()
