from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.notification.contact import Channel
from domain.notification.events import NotificationFailed, NotificationSent
from domain.notification.notice import Notice, NoticeKind
from domain.notification.notification import (
    LONGEST_PROVIDER_WISH,
    LONGEST_RETRY,
    PAGE_ATTEMPTS,
    UPDATE_ATTEMPTS,
    Notification,
    NotificationStatus,
    Purpose,
    retry_delay,
)
from domain.shared.change import Change
from domain.shared.ids import DestinationId
from tests.support.builders import ADA, MINUTE, NOON, a_page

LEASE_ENDS = NOON + timedelta(seconds=20)
SECOND = timedelta(seconds=1)


def leased(**more: object) -> Notification:
    return replace(a_page().lease(until=LEASE_ENDS), **more)  # type: ignore[arg-type]  # one of each kind


def tried(page: Notification, *, is_unknown: bool = False) -> Change[Notification]:
    return page.retry_or_fail(is_unknown=is_unknown, wish=None, jitter=0.0, detail="busy", at=NOON)


def test_a_courier_has_it_until_the_lease_ends() -> None:
    page = leased()

    assert (page.status, page.next_deadline, page.attempts) == (NotificationStatus.SENDING, LEASE_ENDS, 1)
    assert not page.may_be_repeat


def test_a_lease_that_ran_out_leaves_a_doubt() -> None:
    again = leased().lease(until=LEASE_ENDS + MINUTE)

    assert again.may_be_repeat
    assert again.attempts == 2


def test_a_doubt_once_raised_stays() -> None:
    assert replace(a_page(), may_be_repeat=True).lease(until=LEASE_ENDS).may_be_repeat


def test_a_delivered_page_has_left_and_says_how() -> None:
    state, (event,) = leased(may_be_repeat=True, was_overtaken=True).delivered(
        receipt={"ts": "1.2"}, detail="ok", at=NOON
    )

    assert (state.status, state.next_deadline, state.receipt) == (NotificationStatus.SENT, None, {"ts": "1.2"})
    assert isinstance(event, NotificationSent)
    assert (event.attempt, event.detail, event.may_be_repeat, event.was_overtaken) == (1, "ok", True, True)


def test_a_failed_page_says_so() -> None:
    state, (event,) = leased().failed(detail="no such address", at=NOON)

    assert (state.status, state.next_deadline) == (NotificationStatus.FAILED, None)
    assert isinstance(event, NotificationFailed)
    assert event.detail == "no such address"


def test_an_update_is_no_news_either_way() -> None:
    update = leased(purpose=Purpose.UPDATE)

    assert update.delivered(receipt={}, detail="", at=NOON).events == ()
    assert update.failed(detail="", at=NOON).events == ()


def test_what_failed_for_now_is_tried_again_later() -> None:
    state, events = tried(leased())

    assert (state.status, state.next_deadline) == (NotificationStatus.PENDING, NOON + SECOND / 2)
    assert events == ()
    assert not state.may_be_repeat


def test_what_may_have_arrived_is_tried_again_and_labelled() -> None:
    assert tried(leased(), is_unknown=True).state.may_be_repeat


def test_what_was_overtaken_is_not_tried_again() -> None:
    assert tried(leased(was_overtaken=True)) == Change(leased(was_overtaken=True).cancel())


@pytest.mark.parametrize(("purpose", "most"), [(Purpose.PAGE, PAGE_ATTEMPTS), (Purpose.UPDATE, UPDATE_ATTEMPTS)])
def test_it_is_given_up_after_so_many_attempts(purpose: Purpose, most: int) -> None:
    last_but_one, last = leased(purpose=purpose, attempts=most - 1), leased(purpose=purpose, attempts=most)

    assert tried(last_but_one).state.status is NotificationStatus.PENDING
    assert tried(last).state.status is NotificationStatus.FAILED


def test_giving_up_names_the_last_reason() -> None:
    (event,) = tried(leased(attempts=PAGE_ATTEMPTS)).events

    assert isinstance(event, NotificationFailed)
    assert event.detail == f"gave up after {PAGE_ATTEMPTS} attempts: busy"


@pytest.mark.parametrize("page", [a_page(), leased()])
def test_a_cancelled_page_will_not_leave_any_more(page: Notification) -> None:
    assert page.cancel() == replace(page, status=NotificationStatus.CANCELLED, next_deadline=None)


@pytest.mark.parametrize("status", [NotificationStatus.SENT, NotificationStatus.FAILED])
def test_what_was_sent_or_has_failed_stays_so(status: NotificationStatus) -> None:
    page = replace(a_page(), status=status, next_deadline=None)

    assert page.cancel() == page


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (500, 300)])
def test_each_wait_is_twice_the_one_before_up_to_a_bound(attempts: int, seconds: int) -> None:
    assert retry_delay(attempts, wish=None, jitter=1.0) == seconds * SECOND


def test_chance_takes_at_most_half_of_the_wait() -> None:
    assert retry_delay(3, wish=None, jitter=0.0) == 2 * SECOND
    assert retry_delay(3, wish=None, jitter=0.5) == 3 * SECOND


def test_the_providers_wish_is_the_least_wait_but_not_beyond_a_bound() -> None:
    assert retry_delay(1, wish=MINUTE, jitter=0.0) == MINUTE
    assert retry_delay(1, wish=timedelta(days=1), jitter=0.0) == LONGEST_PROVIDER_WISH
    assert retry_delay(50, wish=SECOND, jitter=1.0) == LONGEST_RETRY


def test_what_became_of_a_page_names_the_page_and_whoever_was_told() -> None:
    to_channel = leased(user_id=None, destination_id=DestinationId(UUID(int=9)))
    for page in (leased(), to_channel):
        (sent,) = page.delivered(receipt={}, detail="ok", at=LEASE_ENDS).events
        (failed,) = page.failed(detail="no", at=LEASE_ENDS).events
        for event in (sent, failed):
            assert isinstance(event, NotificationSent | NotificationFailed)
            assert (event.incident_id, event.notification_id) == (page.incident_id, page.id)
            assert (event.user_id, event.destination_id) == (page.user_id, page.destination_id)
            assert (event.channel, event.attempt, event.at) == (page.channel, 1, LEASE_ENDS)


def test_giving_up_happens_when_it_does() -> None:
    page = leased(attempts=PAGE_ATTEMPTS)
    (event,) = page.retry_or_fail(is_unknown=False, wish=None, jitter=0.0, detail="busy", at=LEASE_ENDS).events
    assert event.at == LEASE_ENDS


def test_a_provider_that_asks_for_a_pause_gets_it() -> None:
    state = leased().retry_or_fail(is_unknown=False, wish=2 * MINUTE, jitter=0.0, detail="busy", at=NOON).state
    assert state.next_deadline == NOON + 2 * MINUTE


def test_a_notice_is_due_at_once_and_belongs_to_no_step() -> None:
    notice = Notice(kind=NoticeKind.DRILL, key="drill", title="A test page", text="Does it ring?")
    made = Notification.of_notice(
        a_page().id, notice, user_id=ADA, channel=Channel.EMAIL, address="ada@example.org", at=NOON
    )
    assert (made.status, made.created_at, made.next_deadline) == (NotificationStatus.PENDING, NOON, NOON)
    assert (made.round, made.step, made.rule_position) == (0, 0, 0)
    assert (made.purpose, made.notice, made.user_id) == (Purpose.NOTICE, notice, ADA)
