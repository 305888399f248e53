from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notification.verification import (
    CODE_LIFETIME,
    CODES_PER_DAY,
    COUNTED_FOR,
    RESEND_AFTER,
    TRIES_PER_CODE,
    ContactVerification,
    Verdict,
    code_of,
    first_code_sent,
)
from domain.shared.ids import ContactId
from tests.support.builders import MINUTE, NOON

CONTACT: Final = ContactId(UUID(int=1))
SENT: Final = first_code_sent(CONTACT, "012345", at=NOON)
SECOND: Final = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("random", "code"),
    [(0, "000000"), (7, "000007"), (999_999, "999999"), (1_000_000, "000000"), (2**128 - 1, "211455")],
)
def test_a_code_has_six_digits_with_its_zeros_in_front(random: int, code: str) -> None:
    assert code_of(random.to_bytes(16)) == code


def test_the_code_that_was_sent_is_right_and_nothing_else_is() -> None:
    assert SENT.attempt("012345", at=NOON).verdict is Verdict.RIGHT
    for wrong in ("12345", "012346", "", "\ud800", "0123450"):
        assert SENT.attempt(wrong, at=NOON).verdict is Verdict.WRONG


def test_a_code_is_good_for_fifteen_minutes_and_not_a_moment_longer() -> None:
    assert SENT.attempt("012345", at=NOON + 15 * MINUTE - SECOND).verdict is Verdict.RIGHT
    assert SENT.attempt("012345", at=NOON + 15 * MINUTE).verdict is Verdict.EXPIRED


def test_after_five_tries_the_right_code_does_not_count_any_more() -> None:
    state = SENT
    for left in (4, 3, 2, 1, 0):
        state, verdict = state.attempt("000000", at=NOON)
        assert (verdict, state.tries_left) == (Verdict.WRONG, left)
    assert state.attempt("012345", at=NOON) == (state, Verdict.SPENT)


def test_another_code_takes_the_place_of_the_one_before_and_its_tries_begin_anew() -> None:
    tried, _ = SENT.attempt("000000", at=NOON)
    renewed = tried.renewed("999999", at=NOON + MINUTE)
    assert renewed.tries_left == TRIES_PER_CODE
    assert renewed.attempt("012345", at=NOON + MINUTE).verdict is Verdict.WRONG
    assert renewed.attempt("999999", at=NOON + MINUTE).verdict is Verdict.RIGHT
    assert renewed.expires_at == NOON + MINUTE + CODE_LIFETIME


def test_another_code_may_be_sent_after_a_minute() -> None:
    assert SENT.wait_before_next(at=NOON) == RESEND_AFTER
    assert SENT.wait_before_next(at=NOON + 59 * SECOND) == SECOND
    assert SENT.wait_before_next(at=NOON + MINUTE) == timedelta(0)


def test_after_five_codes_the_next_one_waits_until_a_day_after_the_first() -> None:
    state = SENT
    for number in range(1, CODES_PER_DAY):
        state = state.renewed("111111", at=NOON + number * MINUTE)
    assert state.wait_before_next(at=NOON + 10 * MINUTE) == COUNTED_FOR - 10 * MINUTE
    tomorrow = NOON + COUNTED_FOR
    assert state.wait_before_next(at=tomorrow) == timedelta(0)
    assert state.renewed("222222", at=tomorrow).codes_sent == 1


def test_equal_codes_of_two_contacts_do_not_look_equal() -> None:
    assert first_code_sent(ContactId(UUID(int=2)), "012345", at=NOON).code_hash != SENT.code_hash


def test_the_code_is_not_shown() -> None:
    assert "012345" not in repr(SENT)
    assert SENT.code_hash.hex() not in repr(SENT)


@given(waits=st.lists(st.integers(0, 200_000), max_size=40))
def test_however_one_asks_no_day_sees_more_than_ten_codes_and_no_minute_two(waits: Sequence[int]) -> None:
    """Ten, and not five: five at the end of one count and five at the beginning of the next."""
    at, state, sent = NOON, SENT, [NOON]
    for seconds in waits:
        at += timedelta(seconds=seconds)
        if not state.wait_before_next(at=at):
            state = state.renewed("111111", at=at)
            sent.append(at)
    for index, first in enumerate(sent):
        assert sum(first <= each < first + COUNTED_FOR for each in sent[index:]) <= 2 * CODES_PER_DAY
        assert sum(first <= each < first + RESEND_AFTER for each in sent[index:]) == 1


@given(guesses=st.lists(st.from_regex(r"[0-9]{6}", fullmatch=True), max_size=20))
def test_no_row_of_guesses_ever_has_more_than_five_that_count(guesses: Sequence[str]) -> None:
    state: ContactVerification = SENT
    verdicts = []
    for guess in guesses:
        state, verdict = state.attempt(guess, at=NOON)
        verdicts.append(verdict)
    assert sum(verdict is not Verdict.SPENT for verdict in verdicts) <= TRIES_PER_CODE


def test_a_code_that_has_expired_costs_no_try() -> None:
    assert SENT.attempt("000000", at=NOON + CODE_LIFETIME) == (SENT, Verdict.EXPIRED)


def test_the_first_code_is_of_its_contact_and_counts_from_when_it_was_sent() -> None:
    sent = first_code_sent(CONTACT, "012345", at=NOON)
    assert (sent.contact_id, sent.sent_at, sent.counted_from, sent.codes_sent) == (CONTACT, NOON, NOON, 1)
    assert sent.attempt("012345", at=NOON).verdict is Verdict.RIGHT


def test_each_code_counts_for_the_day_of_the_first_and_the_next_day_counts_anew() -> None:
    second = SENT.renewed("111111", at=NOON + MINUTE)
    assert (second.codes_sent, second.counted_from) == (2, NOON)
    tomorrow = second.renewed("222222", at=NOON + COUNTED_FOR)
    assert (tomorrow.codes_sent, tomorrow.counted_from) == (1, NOON + COUNTED_FOR)
