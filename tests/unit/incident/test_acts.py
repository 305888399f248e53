"""What people do with an incident beyond taking and ending it; each test is a sentence of docs/domain.md."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.incident.acknowledgement import Acknowledgement
from domain.incident.events import (
    IncidentAcknowledged,
    IncidentAcknowledgementExpired,
    IncidentEscalated,
    IncidentReassigned,
    IncidentReopened,
    IncidentSnoozeEnded,
    IncidentUrgencyRaised,
)
from domain.incident.incident import REOPEN_WITHIN, Incident, IncidentStatus, pages_anew
from domain.incident.mute import Mute, MuteKind
from domain.incident.responder import Responder, ResponderAnswer
from domain.shared.change import Change
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import AlertId, RunId, UserId
from domain.shared.limits import INCIDENT_RESPONDERS
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.via import Via
from tests.support.builders import ADA, BEN, CAT, LOOP, MINUTE, NOON, an_incident

LATER = NOON + MINUTE
AWAKE = NOON + timedelta(hours=1)
RUN = RunId(UUID(int=7))


def acknowledged(by: UserId = ADA) -> Incident:
    return an_incident().acknowledge(by=by, via=Via.API, at=NOON).state


def resolved() -> Incident:
    return acknowledged().resolve(by=ADA, via=Via.API, at=NOON).state


def reassigned(incident: Incident) -> Change[Incident]:
    return incident.reassign(run_id=RUN, users=(BEN,), by=ADA, via=Via.API, at=AWAKE)


def escalated(incident: Incident) -> Change[Incident]:
    return incident.escalate(run_id=RUN, round_=0, step=0, by=ADA, via=Via.API, at=AWAKE)


# Several acknowledgements.


def test_it_stays_triggered_until_as_many_different_people_have_acknowledged_as_are_required() -> None:
    required = an_incident(acknowledgements_required=2)

    once = required.acknowledge(by=ADA, via=Via.API, at=NOON).state
    assert (once.status, once.answered_by, once.acknowledged_by) == (IncidentStatus.TRIGGERED, (ADA,), None)
    assert once.acknowledgements_missing == 1
    assert once.acknowledge(by=ADA, via=Via.API, at=LATER) == Change(once)

    twice = once.acknowledge(by=BEN, via=Via.API, at=LATER).state
    assert (twice.status, twice.acknowledged_by) == (IncidentStatus.ACKNOWLEDGED, BEN)
    assert twice.acknowledgements == (Acknowledgement(ADA, NOON), Acknowledgement(BEN, LATER))
    assert twice.acknowledgements_missing == 0


def test_a_sender_is_none_of_the_people_who_are_required() -> None:
    required = an_incident(acknowledgements_required=2)

    assert required.acknowledge(by=None, via=Via.SENDER, at=NOON) == Change(required)


def test_an_acknowledgement_that_is_not_the_last_required_does_not_expire() -> None:
    once, (event,) = an_incident(acknowledgements_required=2).acknowledge(by=ADA, via=Via.API, at=NOON, timeout=MINUTE)

    assert isinstance(event, IncidentAcknowledged)
    assert (event.expires_at, once.next_deadline) == (None, None)


# Giving back, expiry, taking over.


def test_what_is_given_back_is_triggered_and_nobodys() -> None:
    back = acknowledged().unacknowledge(by=BEN, via=Via.API, at=LATER).state

    assert (back.status, back.acknowledged_by, back.acknowledged_at) == (IncidentStatus.TRIGGERED, None, None)
    assert back.acknowledgements == ()
    assert back.triggered_at == NOON
    assert pages_anew(acknowledged(), back)


def test_what_nobody_has_cannot_be_given_back_and_that_is_no_error() -> None:
    assert an_incident().unacknowledge(by=ADA, via=Via.API, at=NOON) == Change(an_incident())


def test_an_acknowledgement_expires_when_its_time_is_over_and_not_before() -> None:
    taken = an_incident().acknowledge(by=ADA, via=Via.API, at=NOON, timeout=10 * MINUTE).state
    assert taken.next_deadline == NOON + 10 * MINUTE
    assert taken.tick(at=NOON + 10 * MINUTE - timedelta.resolution) == Change(taken)

    expired, events = taken.tick(at=NOON + 10 * MINUTE)
    assert events == (IncidentAcknowledgementExpired(incident_id=taken.id, at=NOON + 10 * MINUTE),)
    assert (expired.status, expired.acknowledged_by, expired.next_deadline) == (IncidentStatus.TRIGGERED, None, None)
    assert pages_anew(taken, expired)


def test_taking_it_over_makes_another_its_owner_for_another_timeout() -> None:
    taken = an_incident().acknowledge(by=ADA, via=Via.API, at=NOON, timeout=10 * MINUTE).state
    over = taken.take_over(by=BEN, via=Via.API, at=LATER, timeout=10 * MINUTE).state

    assert (over.acknowledged_by, over.next_deadline) == (BEN, LATER + 10 * MINUTE)
    assert over.take_over(by=BEN, via=Via.API, at=LATER) == Change(over)
    assert not pages_anew(taken, over)


def test_what_nobody_has_cannot_be_taken_over() -> None:
    for incident in (an_incident(), resolved()):
        with pytest.raises(IllegalTransitionError):
            incident.take_over(by=BEN, via=Via.API, at=LATER)


# Snooze.


def test_a_snooze_acknowledges_until_its_end_when_it_is_triggered_again() -> None:
    until = NOON + timedelta(hours=2)
    snoozed = an_incident().snooze(until=until, by=ADA, via=Via.API, at=NOON).state
    assert (snoozed.status, snoozed.acknowledged_by, snoozed.next_deadline) == (
        IncidentStatus.ACKNOWLEDGED,
        ADA,
        until,
    )
    assert snoozed.tick(at=until - timedelta.resolution) == Change(snoozed)

    woken, events = snoozed.tick(at=until)
    assert events == (IncidentSnoozeEnded(incident_id=snoozed.id, at=until),)
    assert (woken.status, woken.snoozed_until) == (IncidentStatus.TRIGGERED, None)
    assert pages_anew(snoozed, woken)


def test_a_snooze_stands_in_for_the_expiry_of_the_acknowledgement() -> None:
    taken = an_incident().acknowledge(by=ADA, via=Via.API, at=NOON, timeout=10 * MINUTE).state
    snoozed = taken.snooze(until=NOON + timedelta(hours=2), by=ADA, via=Via.API, at=NOON).state

    assert snoozed.next_deadline == NOON + timedelta(hours=2)


def test_the_same_snooze_again_has_no_effect_and_another_one_moves_its_end() -> None:
    snoozed = an_incident().snooze(until=NOON + 5 * MINUTE, by=ADA, via=Via.API, at=NOON).state

    assert snoozed.snooze(until=NOON + 5 * MINUTE, by=ADA, via=Via.API, at=LATER) == Change(snoozed)
    longer = snoozed.snooze(until=NOON + 9 * MINUTE, by=ADA, via=Via.API, at=LATER).state
    assert longer.next_deadline == NOON + 9 * MINUTE


@pytest.mark.parametrize("span", [timedelta(seconds=59), timedelta(days=-1), timedelta(days=7, seconds=1)])
def test_a_snooze_lasts_from_a_minute_to_a_week(span: timedelta) -> None:
    with pytest.raises(InvalidValueError, match="allowed are 1 minute to 7 days"):
        an_incident().snooze(until=NOON + span, by=ADA, via=Via.API, at=NOON)


def test_what_lacks_the_acknowledgements_of_others_cannot_be_snoozed() -> None:
    with pytest.raises(IllegalTransitionError, match="others have acknowledged"):
        an_incident(acknowledgements_required=2).snooze(until=NOON + 5 * MINUTE, by=ADA, via=Via.API, at=NOON)


def test_whoever_takes_over_what_is_snoozed_ends_the_snooze() -> None:
    snoozed = an_incident().snooze(until=NOON + 5 * MINUTE, by=ADA, via=Via.API, at=NOON).state

    assert snoozed.take_over(by=BEN, via=Via.API, at=LATER).state.next_deadline is None
    assert snoozed.acknowledge(by=BEN, via=Via.API, at=LATER).state.next_deadline is None


# Escalating, reassigning.


def test_escalating_takes_it_from_whoever_has_it() -> None:
    state, (event,) = acknowledged().escalate(run_id=RUN, round_=0, step=1, by=BEN, via=Via.API, at=LATER)

    assert (state.status, state.acknowledged_by) == (IncidentStatus.TRIGGERED, None)
    assert isinstance(event, IncidentEscalated)
    assert (event.run_id, event.round, event.step) == (RUN, 0, 1)


def test_escalating_what_some_have_acknowledged_keeps_their_word() -> None:
    once = an_incident(acknowledgements_required=2).acknowledge(by=ADA, via=Via.API, at=NOON).state

    assert once.escalate(run_id=RUN, round_=0, step=1, by=ADA, via=Via.API, at=LATER).state == once


def test_reassigning_gives_it_to_people_each_once_until_one_of_them_acknowledges() -> None:
    state, (event,) = acknowledged().reassign(run_id=RUN, users=(BEN, CAT, BEN), by=ADA, via=Via.API, at=LATER)

    assert (state.status, state.acknowledged_by, state.policy_id) == (IncidentStatus.TRIGGERED, None, None)
    assert isinstance(event, IncidentReassigned)
    assert event.users == (BEN, CAT)


def test_reassigning_to_a_policy_makes_it_the_one_that_pages_from_then_on() -> None:
    state = acknowledged().reassign(run_id=RUN, policy_id=LOOP, by=ADA, via=Via.API, at=LATER).state
    assert state.policy_id == LOOP

    again = state.reassign(run_id=RUN, users=(BEN,), by=ADA, via=Via.API, at=LATER).state
    assert again.policy_id == LOOP


def test_reassigning_names_either_people_or_a_policy() -> None:
    with pytest.raises(InvalidValueError):
        acknowledged().reassign(run_id=RUN, by=ADA, via=Via.API, at=LATER)
    with pytest.raises(InvalidValueError):
        acknowledged().reassign(run_id=RUN, users=(BEN,), policy_id=LOOP, by=ADA, via=Via.API, at=LATER)


# Responders.


def test_who_is_asked_to_help_may_accept_or_decline_and_change_their_mind() -> None:
    asked = acknowledged().ask_responders((BEN, CAT), run_id=RUN, by=ADA, via=Via.API, at=NOON).state
    assert asked.responders == (Responder(user_id=BEN), Responder(user_id=CAT))
    assert asked.acknowledged_by == ADA

    accepted = asked.accept(by=BEN, via=Via.API, at=LATER).state
    assert accepted.responders[0] == Responder(user_id=BEN, answer=ResponderAnswer.ACCEPTED)
    assert accepted.accept(by=BEN, via=Via.API, at=LATER) == Change(accepted)

    declined = accepted.decline(by=BEN, via=Via.API, at=LATER).state
    assert declined.responders[0] == Responder(user_id=BEN, answer=ResponderAnswer.DECLINED)
    assert declined.decline(by=BEN, via=Via.API, at=LATER) == Change(declined)


def test_who_was_asked_is_not_asked_again_unless_they_declined() -> None:
    asked = an_incident().ask_responders((BEN, CAT), run_id=RUN, by=ADA, via=Via.API, at=NOON).state
    assert asked.ask_responders((BEN,), run_id=RUN, by=ADA, via=Via.API, at=LATER) == Change(asked)

    declined = asked.decline(by=BEN, via=Via.API, at=LATER).state
    again, (event,) = declined.ask_responders((CAT, BEN), run_id=RUN, by=ADA, via=Via.API, at=LATER)
    assert event.users == (BEN,)  # type: ignore[attr-defined]  # the only event that there can be
    assert again.responders == asked.responders


def test_who_was_not_asked_cannot_answer() -> None:
    with pytest.raises(IllegalTransitionError, match="not asked"):
        an_incident().accept(by=BEN, via=Via.API, at=NOON)


def test_an_incident_has_so_many_responders_at_most() -> None:
    many = tuple(UserId(UUID(int=1000 + number)) for number in range(INCIDENT_RESPONDERS))
    full = an_incident().ask_responders(many, run_id=RUN, by=ADA, via=Via.API, at=NOON).state

    with pytest.raises(InvalidValueError, match=f"at most {INCIDENT_RESPONDERS}"):
        full.ask_responders((ADA,), run_id=RUN, by=ADA, via=Via.API, at=NOON)
    with pytest.raises(InvalidValueError, match="has 0 entries"):
        an_incident().ask_responders((), run_id=RUN, by=ADA, via=Via.API, at=NOON)


# Reopening.


def test_what_was_not_over_is_triggered_again_within_a_week() -> None:
    state = resolved().reopen(by=BEN, via=Via.API, at=NOON + REOPEN_WITHIN).state

    assert (state.status, state.resolved_at, state.resolved_by) == (IncidentStatus.TRIGGERED, None, None)
    assert pages_anew(resolved(), state)
    assert acknowledged().reopen(by=BEN, via=Via.API, at=LATER) == Change(acknowledged())


def test_an_alert_reopens_it_as_muted_as_the_alert_is() -> None:
    mute = Mute(kind=MuteKind.SILENCED, by="1", reason="a deploy", until=NOON + timedelta(hours=1))
    state, (event,) = resolved().reopen(by=None, via=Via.SYSTEM, at=LATER, alert_id=AlertId(ADA), muted=mute)

    assert (state.status, state.muted, state.next_deadline) == (IncidentStatus.TRIGGERED, mute, mute.until)
    assert not pages_anew(resolved(), state)
    assert event == IncidentReopened(
        incident_id=state.id, by=None, via=Via.SYSTEM, at=LATER, alert_id=AlertId(ADA), muted=mute
    )


def test_after_a_week_it_is_another_incident() -> None:
    with pytest.raises(IllegalTransitionError, match="within 7 days"):
        resolved().reopen(by=BEN, via=Via.API, at=NOON + REOPEN_WITHIN + timedelta.resolution)


def test_news_make_it_page_again_whoever_had_it_and_nothing_that_is_over_or_muted() -> None:
    again = acknowledged().page_again(alert_id=AlertId(ADA), at=LATER).state
    assert (again.status, again.acknowledgements) == (IncidentStatus.TRIGGERED, ())
    assert pages_anew(acknowledged(), again)
    assert resolved().page_again(alert_id=AlertId(ADA), at=LATER) == Change(resolved())
    mute = Mute(kind=MuteKind.SILENCED, by="1", reason="a deploy")
    muted = resolved().reopen(by=None, via=Via.SYSTEM, at=LATER, muted=mute).state
    assert muted.page_again(alert_id=AlertId(ADA), at=LATER) == Change(muted)


# Severity, urgency, title.


def test_an_incident_that_nobody_has_rises_when_its_time_comes() -> None:
    low = an_incident(urgency=Urgency.LOW, rises_at=LATER)
    assert low.tick(at=NOON) == Change(low)

    risen, events = low.tick(at=LATER)
    assert events == (IncidentUrgencyRaised(incident_id=low.id, via=Via.SYSTEM, at=LATER),)
    assert (risen.urgency, risen.next_deadline) == (Urgency.HIGH, None)
    assert pages_anew(low, risen)


def test_an_incident_that_somebody_has_does_not_rise_until_it_is_nobodys_again() -> None:
    low = an_incident(urgency=Urgency.LOW, rises_at=LATER)
    taken = low.acknowledge(by=ADA, via=Via.API, at=NOON).state
    assert taken.next_deadline is None
    assert taken.tick(at=LATER) == Change(taken)

    assert taken.unacknowledge(by=ADA, via=Via.API, at=LATER).state.next_deadline == LATER


@pytest.mark.parametrize(
    "given_back",
    [
        lambda it: it.acknowledge(by=ADA, via=Via.API, at=NOON, timeout=10 * MINUTE).state.tick(at=AWAKE),
        lambda it: it.snooze(until=AWAKE, by=ADA, via=Via.API, at=NOON).state.tick(at=AWAKE),
        lambda it: it.acknowledge(by=ADA, via=Via.API, at=NOON).state.unacknowledge(by=ADA, via=Via.API, at=AWAKE),
        lambda it: it.resolve(by=ADA, via=Via.API, at=NOON).state.reopen(by=ADA, via=Via.API, at=AWAKE),
        lambda it: reassigned(it.acknowledge(by=ADA, via=Via.API, at=NOON).state),
        lambda it: escalated(it.acknowledge(by=ADA, via=Via.API, at=NOON).state),
        lambda it: escalated(replace(it, muted=Mute(kind=MuteKind.SUPPRESSED, by="quiet", reason="nobody minds"))),
    ],
    ids=["expired", "woken", "given back", "reopened", "reassigned", "escalated", "escalated while muted"],
)
def test_one_whose_support_hours_began_while_somebody_had_it_is_due_to_rise_when_it_is_nobodys_and_not_late(
    given_back: Callable[[Incident], Change[Incident]],
) -> None:
    again = given_back(an_incident(urgency=Urgency.LOW, rises_at=LATER)).state
    assert (again.urgency, again.next_deadline) == (Urgency.LOW, AWAKE)

    risen, (event,) = again.tick(at=AWAKE)
    assert isinstance(event, IncidentUrgencyRaised)
    assert (risen.urgency, risen.next_deadline) == (Urgency.HIGH, None)


def test_one_whose_support_hours_are_still_to_come_when_it_is_nobodys_again_rises_then() -> None:
    low = an_incident(urgency=Urgency.LOW, rises_at=AWAKE + MINUTE)
    snoozed = low.snooze(until=AWAKE, by=ADA, via=Via.API, at=NOON).state

    assert snoozed.tick(at=AWAKE).state.next_deadline == AWAKE + MINUTE


def test_a_graver_severity_pages_anew_when_it_makes_a_waiting_incident_urgent() -> None:
    low = an_incident(urgency=Urgency.LOW, severity=Severity.SEV4, rises_at=LATER)
    graver = low.change_severity(Severity.SEV1, urgency=Urgency.HIGH, rises_at=None, by=ADA, via=Via.API, at=NOON).state

    assert (graver.severity, graver.urgency, graver.rises_at) == (Severity.SEV1, Urgency.HIGH, None)
    assert pages_anew(low, graver)
    same = graver.change_severity(Severity.SEV1, urgency=Urgency.LOW, rises_at=None, by=ADA, via=Via.API, at=NOON)
    assert same == Change(graver)


def test_a_raised_urgency_pages_anew_only_what_nobody_has() -> None:
    low = an_incident(urgency=Urgency.LOW)
    high = low.raise_urgency(by=ADA, via=Via.API, at=NOON).state
    assert pages_anew(low, high)
    assert high.raise_urgency(by=ADA, via=Via.API, at=NOON) == Change(high)

    taken = low.acknowledge(by=ADA, via=Via.API, at=NOON).state
    assert not pages_anew(taken, taken.raise_urgency(by=ADA, via=Via.API, at=NOON).state)


def test_a_title_may_be_changed_whatever_the_status() -> None:
    assert resolved().retitle(" Disk full ", by=ADA, via=Via.API, at=NOON).state.title == "Disk full"
    assert resolved().retitle(resolved().title, by=ADA, via=Via.API, at=NOON) == Change(resolved())
    with pytest.raises(InvalidValueError):
        resolved().retitle("  ", by=ADA, via=Via.API, at=NOON)


def test_what_is_resolved_takes_no_act_but_reopening() -> None:
    over = resolved()
    assert over.next_deadline is None
    acts: tuple[Callable[[], object], ...] = (
        lambda: over.unacknowledge(by=ADA, via=Via.API, at=LATER),
        lambda: over.snooze(until=LATER, by=ADA, via=Via.API, at=LATER),
        lambda: over.escalate(run_id=RUN, round_=0, step=0, by=ADA, via=Via.API, at=LATER),
        lambda: over.reassign(run_id=RUN, users=(BEN,), by=ADA, via=Via.API, at=LATER),
        lambda: over.ask_responders((BEN,), run_id=RUN, by=ADA, via=Via.API, at=LATER),
        lambda: over.accept(by=ADA, via=Via.API, at=LATER),
        lambda: over.raise_urgency(by=ADA, via=Via.API, at=LATER),
        lambda: over.change_severity(Severity.SEV5, urgency=Urgency.LOW, rises_at=None, by=ADA, via=Via.API, at=LATER),
    )
    for act in acts:
        with pytest.raises(IllegalTransitionError):
            act()


def test_resolving_ends_a_snooze_and_an_expiry() -> None:
    snoozed = an_incident().snooze(until=NOON + 5 * MINUTE, by=ADA, via=Via.API, at=NOON).state

    assert snoozed.resolve(by=ADA, via=Via.API, at=LATER).state.snoozed_until is None
