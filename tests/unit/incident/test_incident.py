from dataclasses import replace

import pytest

from domain.incident.events import IncidentAcknowledged, IncidentAnnotated, IncidentResolved, IncidentTriggered
from domain.incident.incident import Incident, IncidentStatus
from domain.shared.change import Change
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.limits import NOTE_CHARACTERS
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.via import Via
from tests.support.builders import ADA, BEN, MINUTE, NOON, a_draft, an_incident

LATER = NOON + MINUTE


def acknowledged(by: object = ADA) -> Incident:
    return an_incident(status=IncidentStatus.ACKNOWLEDGED, acknowledged_at=NOON, acknowledged_by=by)


def resolved() -> Incident:
    return an_incident(status=IncidentStatus.RESOLVED, resolved_at=NOON, resolved_by=ADA)


def test_an_incident_is_opened_as_its_draft_says_under_its_number() -> None:
    draft = a_draft()
    state, (event,) = Incident.trigger(draft, number=7, via=Via.API, by=ADA)

    assert (state.id, state.number, state.title, state.status) == (draft.id, 7, draft.title, IncidentStatus.TRIGGERED)
    assert isinstance(event, IncidentTriggered)
    assert (event.number, event.by, event.via, event.at) == (7, ADA, Via.API, NOON)


def test_whoever_acknowledges_owns_it() -> None:
    state, events = an_incident().acknowledge(by=ADA, via=Via.SLACK, at=LATER)

    assert (state.status, state.acknowledged_by, state.acknowledged_at) == (IncidentStatus.ACKNOWLEDGED, ADA, LATER)
    assert events == (IncidentAcknowledged(incident_id=state.id, by=ADA, via=Via.SLACK, at=LATER),)


def test_the_owner_may_acknowledge_again_without_effect() -> None:
    assert acknowledged().acknowledge(by=ADA, via=Via.API, at=LATER) == Change(acknowledged())


def test_somebody_else_takes_it_over() -> None:
    state, events = acknowledged().acknowledge(by=BEN, via=Via.API, at=LATER)

    assert (state.acknowledged_by, state.acknowledged_at, len(events)) == (BEN, LATER, 1)


def test_a_sender_acknowledges_for_nobody() -> None:
    state, events = an_incident().acknowledge(by=None, via=Via.SENDER, at=LATER)

    assert (state.status, state.acknowledged_by, len(events)) == (IncidentStatus.ACKNOWLEDGED, None, 1)


def test_a_sender_never_takes_it_from_a_person() -> None:
    assert acknowledged().acknowledge(by=None, via=Via.SENDER, at=LATER) == Change(acknowledged())


def test_a_person_takes_it_from_a_sender() -> None:
    state, _ = acknowledged(by=None).acknowledge(by=ADA, via=Via.API, at=LATER)

    assert state.acknowledged_by == ADA


def test_a_resolved_incident_cannot_be_acknowledged() -> None:
    with pytest.raises(IllegalTransitionError) as refused:
        resolved().acknowledge(by=ADA, via=Via.API, at=LATER)

    assert (refused.value.noun, refused.value.current, refused.value.wanted) == ("incident", "resolved", "acknowledged")


@pytest.mark.parametrize("incident", [an_incident(), acknowledged()])
def test_an_open_incident_can_be_resolved(incident: Incident) -> None:
    state, events = incident.resolve(by=BEN, via=Via.API, at=LATER)

    assert (state.status, state.resolved_by, state.resolved_at) == (IncidentStatus.RESOLVED, BEN, LATER)
    assert not state.is_open
    assert events == (IncidentResolved(incident_id=state.id, by=BEN, via=Via.API, at=LATER),)


def test_resolving_keeps_who_had_acknowledged() -> None:
    assert acknowledged().resolve(by=BEN, via=Via.API, at=LATER).state.acknowledged_by == ADA


def test_resolving_again_has_no_effect() -> None:
    assert resolved().resolve(by=BEN, via=Via.API, at=LATER) == Change(resolved())


@pytest.mark.parametrize("incident", [an_incident(), acknowledged(), resolved()])
def test_a_note_changes_no_state_whatever_the_status(incident: Incident) -> None:
    state, events = incident.annotate("  looking  ", by=ADA, via=Via.API, at=LATER)

    assert state == incident
    assert events == (IncidentAnnotated(incident_id=state.id, by=ADA, via=Via.API, note="looking", at=LATER),)


@pytest.mark.parametrize("note", ["", "   ", "x" * (NOTE_CHARACTERS + 1)])
def test_a_note_is_neither_empty_nor_too_long(note: str) -> None:
    with pytest.raises(InvalidValueError, match="note"):
        an_incident().annotate(note, by=ADA, via=Via.API, at=LATER)


def test_folding_the_events_gives_the_state_without_its_version() -> None:
    opened = Incident.trigger(a_draft(), number=1, via=Via.SENDER)
    taken = opened.state.acknowledge(by=ADA, via=Via.API, at=LATER)
    noted = taken.state.annotate("looking", by=ADA, via=Via.API, at=LATER)
    ended = replace(noted.state, version=3).resolve(by=None, via=Via.SENDER, at=LATER + MINUTE)

    folded = Incident.fold(opened.events + taken.events + noted.events + ended.events)  # type: ignore[arg-type]  # all of incidents
    assert folded == replace(ended.state, version=0)


def test_a_story_that_does_not_begin_with_the_triggering_is_none() -> None:
    later = an_incident().acknowledge(by=ADA, via=Via.API, at=LATER).events
    with pytest.raises(ValueError, match=r"begin with incident\.triggered"):
        Incident.fold(later)  # type: ignore[arg-type]  # all of incidents
    with pytest.raises(ValueError, match=r"begin with incident\.triggered"):
        Incident.fold(())


@pytest.mark.parametrize(
    ("severity", "urgency"),
    [
        (Severity.SEV1, Urgency.HIGH),
        (Severity.SEV2, Urgency.HIGH),
        (Severity.SEV3, Urgency.HIGH),
        (Severity.SEV4, Urgency.LOW),
        (Severity.SEV5, Urgency.LOW),
    ],
)
def test_severities_one_to_three_wake_people(severity: Severity, urgency: Urgency) -> None:
    assert severity.urgency is urgency
