from dataclasses import replace

from adapters.inbound.http.timeline_text import told
from domain.incident.events import IncidentMuted, IncidentUnmuted
from domain.incident.mute import Mute, MuteKind
from domain.shared.event import DomainEvent
from tests.support.builders import MINUTE, NOON, an_incident

MUTE = Mute(kind=MuteKind.SILENCED, by="a silence", reason="Ada:\ndeployment", until=NOON + MINUTE)
MUTED = IncidentMuted(incident_id=an_incident().id, mute=MUTE, at=NOON)


def text(event: DomainEvent) -> str:
    return told(event, {}, {})


def test_what_goes_on_being_muted_says_until_when_and_why_on_one_line() -> None:
    assert text(MUTED) == "It stays muted until 2026-11-23 12:01 UTC: Ada: deployment"


def test_a_mute_that_is_taken_away_is_not_said_to_go_on() -> None:
    assert text(replace(MUTED, at=NOON + MINUTE)) == "What muted it ends: Ada: deployment"
    assert text(IncidentUnmuted(incident_id=MUTED.incident_id, at=NOON)) == "Nothing mutes it any more: it pages"
