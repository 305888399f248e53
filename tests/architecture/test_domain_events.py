"""Every fact has one form on the wire, and comes back from it as it was."""

import importlib
import inspect
import json
import pkgutil
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

import domain
from adapters.wire.events import KINDS, decode, encode, from_builtins
from domain.incident.events import IncidentFollowed
from domain.shared.event import DomainEvent
from domain.shared.group_window import GroupWindow
from domain.shared.limits import GROUP_WINDOW_SECONDS_MAX, GROUP_WINDOW_SECONDS_MIN
from tests.support.builders import ADA, NOON

# Of fields whose type knows limits that a strategy made of it does not
WITHIN_LIMITS: dict[type[DomainEvent], dict[str, st.SearchStrategy[object]]] = {
    IncidentFollowed: {
        "group_window": st.builds(GroupWindow, seconds=st.integers(GROUP_WINDOW_SECONDS_MIN, GROUP_WINDOW_SECONDS_MAX))
    }
}
PACKAGES = {"cover": "oncall"}  # nouns that live in a package named after what they belong to


def facts() -> list[type[DomainEvent]]:
    """Every event that can happen, by kind: those that are only a base for others have no kind of their own."""
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(domain.__path__, "domain.")]
    named = [kind for module in modules for kind in vars(module).values() if inspect.isclass(kind)]
    found = {kind for kind in named if issubclass(kind, DomainEvent) and "kind" in vars(kind)}
    return sorted(found, key=lambda event: event.kind)


def test_every_event_is_on_the_wire_under_its_own_kind() -> None:
    assert set(KINDS.values()) == set(facts())
    assert all(kind == event.kind for kind, event in KINDS.items())
    assert len(facts()) > 10


@pytest.mark.parametrize("event", facts(), ids=lambda event: event.kind)
def test_an_event_is_named_after_its_package_and_in_the_past(event: type[DomainEvent]) -> None:
    noun, _, verb = event.kind.partition(".")
    assert event.__module__ == f"domain.{PACKAGES.get(noun, noun)}.events"
    assert verb.endswith(("ed", "sent", "taken_over", "withdrawn"))


@pytest.mark.parametrize("event", KINDS.values(), ids=KINDS)
def test_an_event_comes_back_as_it_was(event: type[DomainEvent]) -> None:
    @given(st.builds(event, at=st.just(NOON), **WITHIN_LIMITS.get(event, {})))
    def law(given_event: DomainEvent) -> None:
        body = encode(given_event)
        assert decode(event.kind, body) == given_event
        assert from_builtins(event.kind, json.loads(body)) == given_event

    law()


def test_a_field_that_a_later_version_added_is_passed_over() -> None:
    event = KINDS["incident.acknowledged"]
    body = {"at": NOON.isoformat(), "incident_id": str(ADA), "via": "api", "by": str(ADA), "mood": "tired"}
    assert {each.name for each in fields(from_builtins(event.kind, body))} == {
        "at",
        "incident_id",
        "via",
        "by",
        "expires_at",
    }


def test_a_kind_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        decode("incident.forgotten", b"{}")
