"""Requests for cover and swaps: one sentence of the rule each."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.oncall.cover import COVER_MAX, CoverRequest, CoverStatus
from domain.oncall.coverage import on_call
from domain.oncall.events import CoverAccepted, CoverDeclined, CoverExpired, CoverRequested, CoverWithdrawn
from domain.oncall.override import OverrideKind
from domain.oncall.schedule import Schedule
from domain.shared.change import Change
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import AbsenceId, CoverRequestId, OverrideId, UserId
from domain.shared.interval import Interval
from domain.shared.limits import COVER_ASKED, COVER_NOTE_CHARACTERS
from tests.support.oncall import ANN, BOB, CYD, DEE, a_layer, a_schedule, a_temporary, an_override, utc

NOW = utc("2026-11-23 12:00")
# A day each from 08:00 UTC: ANN on the 23rd, BOB on the 24th, CYD on the 25th, ANN again on the 26th.
DAILY = a_schedule(a_layer(ANN, BOB, CYD, starts="2026-11-23 09:00"))
MEMBERS = (ANN, BOB, CYD, DEE)
HOUR = timedelta(hours=1)
IDS = (OverrideId(UUID(int=901)), OverrideId(UUID(int=902)))


def a_span(start: str, end: str) -> Interval:
    return Interval(start=utc(f"2026-11-{start}"), end=utc(f"2026-11-{end}"))


ANNS_DAY, BOBS_DAY = a_span("26 08:00", "27 08:00"), a_span("27 08:00", "28 08:00")


def a_request(interval: Interval = ANNS_DAY, *, schedule: Schedule = DAILY, **more: Any) -> CoverRequest:
    values: dict[str, Any] = {"user_id": ANN, "by": ANN, "members": MEMBERS, "at": NOW, **more}
    number = CoverRequestId(UUID(int=1))
    return CoverRequest.ask(number, schedule=schedule, interval=interval, **values).state


def accepted(request: CoverRequest, by: UserId, *, schedule: Schedule = DAILY, at: datetime = NOW) -> CoverRequest:
    ids = IDS[: request.overrides_needed]
    return request.accept(by=by, schedule=schedule, override_ids=ids, at=at).state


def with_overrides(schedule: Schedule, request: CoverRequest) -> Schedule:
    return replace(schedule, overrides=(*schedule.overrides, *request.overrides))


# --------------------------------------------------------------------------------------------------------- asking


def test_a_request_is_open_until_its_time_begins() -> None:
    change = CoverRequest.ask(
        CoverRequestId(UUID(int=1)),
        schedule=DAILY,
        members=MEMBERS,
        user_id=ANN,
        interval=ANNS_DAY,
        by=BOB,
        at=NOW,
        asked_of=(CYD,),
        note=" a wedding ",
    )
    request = change.state
    assert (request.status, request.next_deadline, request.note) == (CoverStatus.OPEN, ANNS_DAY.start, "a wedding")
    (event,) = change.events
    assert isinstance(event, CoverRequested)
    assert (event.user_id, event.by, event.asked_of, event.expires_at) == (ANN, BOB, (CYD,), ANNS_DAY.start)
    assert (event.starts_at, event.ends_at, event.team_id) == (ANNS_DAY.start, ANNS_DAY.end, DAILY.team_id)


def test_a_request_says_all_that_was_asked() -> None:
    absence_id = AbsenceId(UUID(int=7))
    change = CoverRequest.ask(
        CoverRequestId(UUID(int=1)),
        schedule=DAILY,
        members=MEMBERS,
        user_id=ANN,
        interval=ANNS_DAY,
        by=DEE,
        at=NOW,
        offers=BOBS_DAY,
        absence_id=absence_id,
    )
    assert change.state == CoverRequest(
        id=CoverRequestId(UUID(int=1)),
        schedule_id=DAILY.id,
        team_id=DAILY.team_id,
        user_id=ANN,
        requested_by=DEE,
        requested_at=NOW,
        interval=ANNS_DAY,
        expires_at=ANNS_DAY.start,
        offers=BOBS_DAY,
        absence_id=absence_id,
    )
    (event,) = change.events
    assert isinstance(event, CoverRequested)
    assert (event.at, event.schedule_id, event.cover_request_id) == (NOW, DAILY.id, change.state.id)
    assert (event.offers_from, event.offers_until) == (BOBS_DAY.start, BOBS_DAY.end)


def test_what_is_as_long_and_asked_of_as_many_as_may_be_is_asked() -> None:
    always = a_schedule(a_layer(ANN, starts="2026-01-01 00:00"))
    whole = Interval(start=ANNS_DAY.start, end=ANNS_DAY.start + COVER_MAX)
    assert a_request(whole, schedule=always).interval == whole
    many = tuple(UserId(UUID(int=100 + number)) for number in range(COVER_ASKED))
    assert a_request(asked_of=many).asked_of == many


def test_a_request_may_expire_earlier_and_never_later_than_its_time_begins() -> None:
    assert a_request(expires_at=NOW + HOUR).next_deadline == NOW + HOUR
    assert a_request(expires_at=ANNS_DAY.end).next_deadline == ANNS_DAY.start


def test_a_swap_expires_when_the_first_of_both_times_begins() -> None:
    assert a_request(offers=a_span("24 08:00", "25 08:00")).next_deadline == utc("2026-11-24 08:00")


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        ("starts_at: must be in the future; .* add an override", {"interval": Interval(start=NOW, end=NOW + HOUR)}),
        (
            "starts_at: must be at most 366 days",
            {"interval": Interval(start=NOW + HOUR, end=NOW + HOUR + COVER_MAX + HOUR)},
        ),
        (
            "starts_at: .* is not on call on this schedule then; their next time begins 2026-11-26T08:00Z",
            {"interval": a_span("24 08:00", "26 08:00")},
        ),
        ("starts_at: .* nor in the 92 days after it", {"user_id": DEE, "asked_of": (ANN,)}),
        ("asked_of: must be others", {"asked_of": (BOB, ANN)}),
        ("asked_of: must not name anybody twice", {"asked_of": (BOB, BOB)}),
        (
            f"asked_of: must be at most {COVER_ASKED} people",
            {"asked_of": tuple(UserId(UUID(int=number)) for number in range(50, 51 + COVER_ASKED))},
        ),
        ("asked_of: must name somebody, since nobody else", {"members": (ANN,)}),
        ("note: has 1001 characters", {"note": "x" * (COVER_NOTE_CHARACTERS + 1)}),
        ("expires_at: must be in the future", {"expires_at": NOW}),
        ("expires_at: must be an instant in UTC", {"expires_at": datetime(2026, 11, 24)}),  # noqa: DTZ001
        ("offers: must not overlap the time to be covered", {"offers": a_span("27 07:00", "28 08:00")}),
        ("offers.starts_at: must be in the future", {"offers": a_span("23 11:00", "25 08:00")}),
        ("offers: .* somebody who is asked", {"offers": BOBS_DAY, "asked_of": (CYD,)}),
        ("offers: .* somebody who is asked", {"offers": a_span("29 08:00", "30 08:00")}),  # it is the asker's own
    ],
)
def test_a_request_that_cannot_be_answered_is_refused_with_its_field_and_what_would_do(
    message: str, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidValueError, match="^" + message):
        a_request(**wrong)


def test_time_in_which_somebody_stands_in_already_is_not_asked_for_again() -> None:
    override = an_override(1, DEE, "2026-11-26 10:00", "2026-11-26 12:00", replaces=ANN)
    taken = replace(DAILY, overrides=(override,))
    with pytest.raises(InvalidValueError, match=r"stands in .* from 2026-11-26T10:00Z to 2026-11-26T12:00Z; ask for"):
        a_request(schedule=taken)
    assert a_request(a_span("26 12:00", "27 08:00"), schedule=taken).is_open


def test_time_in_which_the_asker_is_taken_off_is_not_asked_for() -> None:
    removal = an_override(1, ANN, "2026-11-26 10:00", "2026-11-26 12:00", kind=OverrideKind.REMOVE)
    taken = replace(DAILY, overrides=(removal,))
    with pytest.raises(InvalidValueError, match=r"^starts_at: .* is taken off already from 2026-11-26T10:00Z"):
        a_request(schedule=taken)
    assert a_request(a_span("26 12:00", "27 08:00"), schedule=taken).is_open


def test_time_that_somebody_was_added_for_is_theirs_to_ask_for() -> None:
    added = an_override(1, ANN, "2026-11-24 10:00", "2026-11-24 12:00", kind=OverrideKind.ADD)
    schedule = replace(DAILY, overrides=(added,))
    request = a_request(a_span("24 08:00", "25 08:00"), schedule=schedule)
    after = with_overrides(schedule, accepted(request, DEE, schedule=schedule))
    assert on_call(after, added.starts_at) == (BOB, DEE)
    assert on_call(after, added.ends_at) == (BOB,)


def test_time_in_place_of_everyone_is_theirs_to_ask_for() -> None:
    for_all = an_override(1, ANN, "2026-11-24 10:00", "2026-11-24 12:00")
    schedule = replace(DAILY, overrides=(for_all,))
    request = a_request(a_span("24 08:00", "25 08:00"), schedule=schedule)
    after = with_overrides(schedule, accepted(request, DEE, schedule=schedule))
    assert on_call(after, for_all.starts_at) == (DEE,)


def test_a_shift_of_a_temporary_schedule_is_theirs_to_ask_for() -> None:
    temporary = a_temporary(1, "2026-11-24 08:00", "2026-11-25 08:00", (ANN, "2026-11-24 10:00", "2026-11-24 12:00"))
    schedule = replace(DAILY, temporaries=(temporary,))
    request = a_request(a_span("24 08:00", "25 08:00"), schedule=schedule)
    after = with_overrides(schedule, accepted(request, DEE, schedule=schedule))
    assert on_call(after, utc("2026-11-24 10:00")) == (DEE,)
    assert on_call(after, utc("2026-11-24 12:00")) == ()


# ------------------------------------------------------------------------------------------------------ accepting


def test_accepting_puts_one_person_in_the_place_of_the_other() -> None:
    request = accepted(a_request(), DEE)
    assert (request.status, request.accepted_by, request.decided_at) == (CoverStatus.ACCEPTED, DEE, NOW)
    (override,) = request.overrides
    assert (override.id, override.user_id, override.replaces) == (IDS[0], DEE, ANN)
    assert (override.starts_at, override.ends_at) == (ANNS_DAY.start, ANNS_DAY.end)
    assert on_call(with_overrides(DAILY, request), ANNS_DAY.start) == (DEE,)
    assert request.next_deadline is None


def test_accepting_a_swap_exchanges_both_times() -> None:
    request = accepted(a_request(offers=BOBS_DAY), BOB)
    schedule = with_overrides(DAILY, request)
    assert [override.id for override in request.overrides] == list(IDS)
    assert on_call(schedule, ANNS_DAY.start) == (BOB,)
    assert on_call(schedule, BOBS_DAY.start) == (ANN,)


def test_accepting_tells_who_and_by_which_overrides() -> None:
    change = a_request().accept(by=DEE, schedule=DAILY, override_ids=IDS[:1], at=NOW)
    (event,) = change.events
    assert isinstance(event, CoverAccepted)
    assert (event.by, event.override_ids, event.user_id, event.at) == (DEE, IDS[:1], ANN, NOW)


def test_who_accepted_may_repeat_it_and_nobody_else() -> None:
    request = accepted(a_request(), DEE)
    again = request.accept(by=DEE, schedule=DAILY, override_ids=IDS[1:], at=NOW + HOUR)
    assert (again.state, again.events) == (request, ())
    with pytest.raises(IllegalTransitionError, match=r"is accepted and cannot become accepted"):
        accepted(request, BOB)


def test_nobody_accepts_their_own_request() -> None:
    with pytest.raises(InvalidValueError, match=r"^accepted_by: must be somebody else; withdraw it"):
        accepted(a_request(), ANN)


def test_somebody_on_call_then_cannot_take_over_as_well() -> None:
    both = a_schedule(a_layer((ANN, BOB), (CYD, DEE), starts="2026-11-23 09:00"))
    request = a_request(a_span("25 08:00", "26 08:00"), schedule=both)
    with pytest.raises(InvalidValueError, match=r"^interval: .* is on call themselves from 2026-11-25T08:00Z to"):
        accepted(request, BOB, schedule=both)
    assert accepted(request, CYD, schedule=both).accepted_by == CYD


def test_on_call_in_another_part_of_the_interval_is_no_obstacle() -> None:
    request = a_request(a_span("26 08:00", "28 08:00"))  # ANN's day and then BOB's
    schedule = with_overrides(DAILY, accepted(request, BOB))
    assert on_call(schedule, ANNS_DAY.start) == on_call(schedule, BOBS_DAY.start) == (BOB,)


def test_who_accepts_a_swap_has_something_to_give() -> None:
    with pytest.raises(InvalidValueError, match=r"^offers: .* is not on call on this schedule then"):
        accepted(a_request(offers=BOBS_DAY), CYD)


def test_the_asker_cannot_take_time_of_a_swap_in_which_they_are_on_call() -> None:
    both = a_schedule(a_layer((ANN, BOB), (CYD,), starts="2026-11-23 09:00"))
    request = a_request(a_span("25 08:00", "26 08:00"), schedule=both, offers=a_span("27 08:00", "28 08:00"))
    with pytest.raises(InvalidValueError, match=r"is on call themselves"):
        accepted(request, BOB, schedule=both)
    shared = a_schedule(a_layer(ANN, (ANN, BOB), starts="2026-11-23 09:00"))
    swap = a_request(a_span("25 08:00", "26 08:00"), schedule=shared, offers=a_span("26 08:00", "27 08:00"))
    with pytest.raises(InvalidValueError, match=r"^offers: .* is on call themselves"):
        accepted(swap, BOB, schedule=shared)


def test_time_that_the_asker_no_longer_has_cannot_be_taken_over() -> None:
    changed = a_schedule(a_layer(BOB, CYD, starts="2026-11-23 09:00"))
    with pytest.raises(InvalidValueError, match=r"^interval: .* is not on call on this schedule then"):
        accepted(a_request(), DEE, schedule=changed)


# ----------------------------------------------------------------------------------- declining, taking back, expiring


def test_a_request_is_declined_when_all_who_were_asked_have_declined() -> None:
    request = a_request(asked_of=(BOB, CYD))
    first = request.decline(by=BOB, members=MEMBERS, at=NOW)
    assert (first.state.status, first.state.declined_by) == (CoverStatus.OPEN, (BOB,))
    last = first.state.decline(by=CYD, members=MEMBERS, at=NOW)
    assert (last.state.status, last.state.decided_at, last.state.next_deadline) == (CoverStatus.DECLINED, NOW, None)
    assert [
        (event.by, event.at) for change in (first, last) for event in change.events if isinstance(event, CoverDeclined)
    ] == [
        (BOB, NOW),
        (CYD, NOW),
    ]
    assert [
        event.is_last for change in (first, last) for event in change.events if isinstance(event, CoverDeclined)
    ] == [
        False,
        True,
    ]


def test_asked_of_the_team_everyone_else_in_it_has_to_decline() -> None:
    request = a_request()
    for member in (BOB, CYD):
        request = request.decline(by=member, members=MEMBERS, at=NOW).state
    assert request.is_open
    assert request.asked(MEMBERS) == {BOB, CYD, DEE}
    assert not request.decline(by=DEE, members=MEMBERS, at=NOW).state.is_open


def test_declining_twice_says_nothing_new_and_does_not_bar_from_accepting() -> None:
    request = a_request().decline(by=BOB, members=MEMBERS, at=NOW).state
    again = request.decline(by=BOB, members=MEMBERS, at=NOW)
    assert (again.state, again.events) == (request, ())
    assert accepted(request, BOB).accepted_by == BOB


def test_a_request_can_be_taken_back_as_long_as_it_is_open() -> None:
    change = a_request().withdraw(by=ANN, at=NOW)
    assert (change.state.status, change.state.decided_at) == (CoverStatus.WITHDRAWN, NOW)
    (event,) = change.events
    assert isinstance(event, CoverWithdrawn)
    assert (event.by, event.at) == (ANN, NOW)
    assert change.state.withdraw(by=ANN, at=NOW) == Change(change.state)
    with pytest.raises(IllegalTransitionError, match=r"^cover request is accepted and cannot become withdrawn"):
        accepted(a_request(), DEE).withdraw(by=ANN, at=NOW)
    with pytest.raises(IllegalTransitionError, match=r"^cover request is accepted and cannot become declined"):
        accepted(a_request(), DEE).decline(by=BOB, members=MEMBERS, at=NOW)


def test_a_request_expires_at_its_deadline_and_not_before() -> None:
    request = a_request()
    deadline = ANNS_DAY.start
    assert request.tick(deadline - timedelta.resolution).state == request
    change = request.tick(deadline)
    assert (change.state.status, change.state.decided_at) == (CoverStatus.EXPIRED, deadline)
    assert [(type(event), event.at) for event in change.events] == [(CoverExpired, deadline)]
    assert change.state.tick(deadline + HOUR).events == ()


def test_what_has_expired_is_not_answered_even_before_anybody_noticed() -> None:
    request, late = a_request(), ANNS_DAY.start
    with pytest.raises(IllegalTransitionError, match=r"is expired"):
        accepted(request, DEE, at=late)
    with pytest.raises(IllegalTransitionError, match=r"is expired"):
        request.decline(by=DEE, members=MEMBERS, at=late)
    with pytest.raises(IllegalTransitionError, match=r"is expired"):
        request.withdraw(by=ANN, at=late)


@pytest.mark.parametrize("decided", ["accept", "decline", "withdraw", "expire"])
def test_a_decided_request_never_changes(decided: str) -> None:
    request = a_request(asked_of=(DEE,))
    done = {
        "accept": lambda: accepted(request, DEE),
        "decline": lambda: request.decline(by=DEE, members=MEMBERS, at=NOW).state,
        "withdraw": lambda: request.withdraw(by=ANN, at=NOW).state,
        "expire": lambda: request.tick(ANNS_DAY.start).state,
    }[decided]()
    with pytest.raises(IllegalTransitionError):
        accepted(done, BOB)
    with pytest.raises(IllegalTransitionError):
        done.decline(by=BOB, members=MEMBERS, at=NOW)
    assert done.tick(ANNS_DAY.end).state == done
    if decided != "withdraw":
        with pytest.raises(IllegalTransitionError):
            done.withdraw(by=ANN, at=NOW)
