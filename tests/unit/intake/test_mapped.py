"""JSON of any shape, by a mapping (docs/integrations.md, "JSON of any shape")."""

import json
import re
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.inbound.http.mappings import MappingBody
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.expressions import Budget, ExpressionError, check, evaluate
from adapters.inbound.intake.limits import BODY_DEPTH, BODY_VALUES, EVENTS_PER_BODY
from adapters.inbound.intake.mapped import NO_MAPPING, translate, understood
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.alert_event import AlertAction, AlertSeverity, Link
from domain.service.mapping import EventMapping
from domain.shared.limits import DEDUP_KEY_CHARACTERS
from tests.support.builders import NOON
from tests.support.payloads import GITHUB_WORKFLOW_FAILED

DOCUMENT = (Path(__file__).parents[3] / "docs" / "integrations.md").read_text()
# More than the bounds promise, on a machine that has other things to do.
SECONDS = 5.0


def documented() -> list[EventMapping]:
    section = DOCUMENT.partition("\n## JSON of any shape\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```json\n(.+?)```", section, re.DOTALL)
    return [msgspec.json.decode(block, type=MappingBody).mapping() for block in blocks]


GITHUB, LIST = documented()


def read(document: Any, mapping: EventMapping) -> Understood:
    return understood(json.dumps(document).encode(), mapping)


def reasons(document: Any, mapping: EventMapping) -> list[tuple[str, str]]:
    with pytest.raises(MalformedEventError) as refused:
        read(document, mapping)
    return [(each.pointer, each.reason) for each in refused.value.errors]


def github(**of_the_run: Any) -> Any:
    document = json.loads(GITHUB_WORKFLOW_FAILED)
    document["workflow_run"] |= of_the_run
    return document


def test_a_failed_workflow_of_github_triggers() -> None:
    (event,) = understood(GITHUB_WORKFLOW_FAILED, GITHUB).events
    assert event.action is AlertAction.TRIGGER
    assert event.dedup_key == "shop/checkout/deploy/main"
    assert event.summary == "deploy of shop/checkout ended with failure"
    assert event.severity is AlertSeverity.ERROR
    assert event.occurred_at is not None
    assert event.labels == {"workflow": "deploy", "branch": "main", "by": "mira"}
    assert event.details == {"commit": "acb5820ced9479c074f688cc328bf03f341a511d", "attempt": 1}
    assert event.links == (
        Link(href="https://github.example/shop/checkout/actions/runs/30433642", text="GitHub"),
    )  # fmt: skip


def test_its_success_resolves_and_what_is_under_way_says_nothing() -> None:
    (event,) = read(github(conclusion="success"), GITHUB).events
    assert (event.action, event.dedup_key) == (AlertAction.RESOLVE, "shop/checkout/deploy/main")
    assert read(github(conclusion="cancelled"), GITHUB) == Understood()
    assert read({"action": "requested", "workflow_run": {"conclusion": None}}, GITHUB) == Understood()


def test_a_list_is_as_many_events_and_a_refused_item_costs_the_others_nothing() -> None:
    alerts = [
        {"id": 7, "title": "disk", "state": "FIRING", "level": "sev-b"},
        {"id": 8, "title": "cpu", "state": "paused"},
        {"id": 9.0, "name": "net", "state": "ok"},
    ]
    found = read({"alerts": alerts}, LIST)
    assert [(event.action, event.dedup_key, event.severity) for event in found.events] == [
        (AlertAction.TRIGGER, "7", AlertSeverity.WARNING),
        (AlertAction.RESOLVE, "9", None),
    ]
    assert [each.pointer for each in found.refused] == ["/items/1/action"]
    assert "'paused'" in found.refused[0].reason


def test_without_a_dedup_key_summary_source_and_labels_name_the_alert() -> None:
    mapping = EventMapping(summary="title", labels="tags")
    same, other = ({"title": "disk", "tags": {"host": host}, "sent": sent} for host, sent in (("a", 1), ("b", 2)))
    keys = [read(document, mapping).events[0].dedup_key for document in (same, same | {"sent": 3}, other)]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]


def test_a_recovery_without_a_key_is_refused() -> None:
    mapping = EventMapping(summary="title", action="'resolve'")
    assert reasons({"title": "disk"}, mapping) == [("/dedup_key", "has no value; it is required to resolve")]


def test_a_body_of_another_sender_is_refused_and_opens_nothing() -> None:
    ((place, reason),) = reasons({"hello": 1}, EventMapping(summary="title", dedup_key="id"))
    assert place == "/summary"
    assert "other bodies" in reason


def test_too_long_a_key_is_refused_because_a_cut_one_could_merge_two() -> None:
    mapping = EventMapping(summary="t", dedup_key="t")
    ((place, _),) = reasons({"t": "x" * (DEDUP_KEY_CHARACTERS + 1)}, mapping)
    assert place == "/dedup_key"


def test_a_function_that_does_not_take_what_is_there_names_its_member() -> None:
    ((place, reason),) = reasons({"a": 1}, EventMapping(summary="join('/', [a, a])"))
    assert place == "/summary"
    assert "join" in reason


def test_without_a_mapping_a_body_is_set_aside() -> None:
    with pytest.raises(MalformedEventError, match=NO_MAPPING):
        translate(Sent(body=b"{}", received_at=NOON))


def nested(depth: int) -> Any:
    document: Any = "leaf"
    for _ in range(depth - 1):
        document = [document]
    return document


class TestBounds:
    def test_of_a_body(self) -> None:
        anything = EventMapping(summary="'x'")
        assert read(nested(BODY_DEPTH), anything).events
        assert reasons(nested(BODY_DEPTH + 1), anything) == [("", f"is nested too deeply (maximum is {BODY_DEPTH})")]
        assert read([0] * (BODY_VALUES - 1), anything).events
        assert reasons([0] * BODY_VALUES, anything) == [("", f"holds too many values (maximum is {BODY_VALUES})")]

    def test_of_items(self) -> None:
        mapping = EventMapping(items="@", summary="'x'")
        assert len(read([0] * EVENTS_PER_BODY, mapping).events) == EVENTS_PER_BODY
        ((place, _),) = reasons([0] * (EVENTS_PER_BODY + 1), mapping)
        assert place == "/items"
        assert reasons({"a": 1}, mapping) == [("/items", "must yield a list")]

    @pytest.mark.parametrize(
        "expression",
        [
            "|".join(["[@,@,@,@]"] * 20),  # each doubles what the one before yields
            "|".join(["[@,@,@,@][]"] * 20),
            "|".join(["{a:@,b:@,c:@}"] * 20),
            "|".join(["to_string([@,@])"] * 20),
            "join(text, list)",
            "map(&map(&to_string(@), @), [list,list,list,list,list,list,list,list,list,list,list,list])",
        ],
    )
    def test_of_an_evaluation(self, expression: str) -> None:
        document = {"text": "x" * 100_000, "list": ["y"] * 20_000}
        started = time.monotonic()
        with pytest.raises(ExpressionError, match="too"):
            evaluate(expression, document, Budget())
        assert time.monotonic() - started < SECONDS

    @pytest.mark.parametrize(
        "expression", ["a" * 1025, "(" * 500, "a.b[", "nobody(@)", "!" * 1000 + "a", "||".join("a" * 340), "`{`", "|"]
    )
    def test_of_an_expression(self, expression: str) -> None:
        with pytest.raises(ExpressionError):
            check(expression)

    def test_all_expressions_over_a_body_share_its_steps(self) -> None:
        mapping = EventMapping(items="@", summary="to_string(@)", details="[@,@,@,@]")
        found = read([list(range(100))] * 400, mapping)
        assert found.events
        assert {each.pointer.rpartition("/")[2] for each in found.refused} <= {"summary", "details"}
        assert found.refused[-1].pointer.startswith("/items/399/")
