from datetime import timedelta

import pytest

from application.ports.intake import DeadLetter
from domain.alert.alert_event import ChangeEvent
from domain.identity.role import Role
from domain.incident.incident import Incident
from domain.shared.severity import Severity
from tests.integration.http.world import PEOPLE
from tests.integration.incidents_http.desk import Desk
from tests.support.builders import a_received_change
from tests.support.stock import ADA, BANK, CHECKOUT, CHECKOUT_ALERTS, LEDGER, NOON, SHOP, new_id

MINUTE = timedelta(minutes=1)


async def listed(api: Desk, query: str = "") -> list[str]:
    answer = await api.ask("GET", f"/v1/incidents{query}")
    assert answer.status_code == 200, answer.text
    return [incident["title"] for incident in answer.json()["items"]]


async def test_a_list_shows_each_incident_with_names_and_its_reference(api: Desk) -> None:
    incident = await api.stock.acknowledged(await api.stock.incident())
    answer = await api.ask("GET", "/v1/incidents")
    assert answer.json() == {
        "items": [
            {
                "id": str(incident.id),
                "number": incident.number,
                "reference": f"INC-{incident.number}",
                "title": "5xx on checkout",
                "severity": "SEV2",
                "urgency": "high",
                "priority": "P2",
                "status": "acknowledged",
                "service": {"id": str(CHECKOUT), "name": "checkout"},
                "team": {"id": str(SHOP), "name": "Store"},
                "triggered_at": "2026-11-23T12:00:00Z",
                "acknowledged_at": "2026-11-23T12:01:00Z",
                "acknowledged_by": {"id": str(ADA), "name": "Ada"},
                "acknowledgements": {
                    "given": [{"user": {"id": str(ADA), "name": "Ada"}, "at": "2026-11-23T12:01:00Z"}],
                    "required": 1,
                    "missing": 0,
                },
                "snoozed_until": None,
                "responders": [],
                "resolved_at": None,
                "resolved_by": None,
                "escalation": "stopped",
                "next_escalation_at": None,
                "muted": None,
                "version": incident.version,
            }
        ],
        "next_cursor": None,
        "has_more": False,
    }


async def test_stalled_incidents_are_listed_with_the_reason_and_cut_into_pages(api: Desk) -> None:
    for number, title in enumerate("ab"):
        await api.stock.incident(title, at=NOON + number * MINUTE)
    assert (await api.ask("GET", "/v1/incidents/stalled")).json()["items"] == []
    api.world.clock.move_to(NOON + 600 * MINUTE)

    answer = await api.ask("GET", "/v1/incidents/stalled?limit=1", by=Role.VIEWER)
    (first,) = answer.json()["items"]
    assert (first["title"], first["reason"]) == ("a", "overdue")
    assert first["explanation"] == "its escalation was due, and no worker moved it"
    cursor = answer.json()["next_cursor"]
    answer = await api.ask("GET", f"/v1/incidents/stalled?limit=1&cursor={cursor}")
    assert [incident["title"] for incident in answer.json()["items"]] == ["b"]
    assert not answer.json()["has_more"]
    assert (await api.ask("GET", "/v1/incidents/stalled", by=None)).status_code == 401


async def test_filters_and_order(api: Desk) -> None:
    await api.stock.incident("a", severity=Severity.SEV1)
    await api.stock.acknowledged(await api.stock.incident("b", service_id=LEDGER, at=NOON + MINUTE), by=ADA)
    await api.stock.resolved(await api.stock.incident("c", severity=Severity.SEV5, at=NOON + 2 * MINUTE))
    assert await listed(api) == ["c", "b", "a"]
    assert await listed(api, "?sort=triggered_at") == ["a", "b", "c"]
    assert await listed(api, "?status=triggered") == ["a"]
    assert await listed(api, "?status=open") == ["b", "a"]
    assert await listed(api, "?status=resolved,triggered") == ["c", "a"]
    assert await listed(api, "?severity=SEV1,sev5") == ["c", "a"]
    assert await listed(api, f"?service_id={LEDGER}") == ["b"]
    assert await listed(api, f"?team_id={BANK}") == ["b"]
    assert await listed(api, "?since=2026-11-23T12:01:00Z") == ["c", "b"]
    assert await listed(api, "?until=2026-11-23T13:01:00%2B01:00") == ["a"]
    assert await listed(api, f"?acknowledged_by={ADA}") == ["b"]


async def test_a_cursor_walks_the_list_and_belongs_to_its_filters(api: Desk) -> None:
    for number in range(5):
        await api.stock.incident(f"{number}", at=NOON + timedelta(microseconds=number))
    titles: list[str] = []
    cursor = ""
    for _ in range(3):
        answer = await api.ask("GET", f"/v1/incidents?status=open&limit=2{cursor}")
        titles += [incident["title"] for incident in answer.json()["items"]]
        cursor = f"&cursor={answer.json()['next_cursor']}"
    assert titles == ["4", "3", "2", "1", "0"]
    assert cursor == "&cursor=None"
    page = await api.ask("GET", "/v1/incidents?status=open&limit=2")
    assert 'rel="next"' in page.headers["link"]
    refused = await api.ask("GET", f"/v1/incidents?status=resolved&limit=2&cursor={page.json()['next_cursor']}")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("status=broken", "status"),
        ("severity=SEV9", "severity"),
        ("since=2026-11-23T12:00:00", "since"),
        ("until=yesterday", "until"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("sort=title", "sort"),
        ("team_id=7", "team_id"),
    ],
)
async def test_a_wrong_filter_is_named(api: Desk, query: str, parameter: str) -> None:
    answer = await api.ask("GET", f"/v1/incidents?{query}")
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


async def test_an_incident_is_got_by_id_and_by_every_way_to_write_its_number(api: Desk) -> None:
    incident = await api.stock.incident(trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    answers = [
        await api.ask("GET", f"/v1/incidents/{ref}")
        for ref in (incident.id, incident.number, f"INC-{incident.number}", f"inc-{incident.number}")
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json() for answer in answers] == [answers[0].json()] * 4
    shown = answers[0].json()
    assert (shown["group_key"], shown["runbook_url"]) == (incident.group_key, "https://runbooks.example.test/checkout")
    assert shown["next_escalation_at"] == "2026-11-23T12:00:00Z"
    assert shown["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("ref", ["INC-999", "999", "00000000-0000-0000-0000-00000000dead", "INC-", "x", "9" * 18])
@pytest.mark.parametrize("rest", ["", "/timeline", "/alerts", "/deliveries", "/changes"])
async def test_what_is_not_there_is_404(api: Desk, ref: str, rest: str) -> None:
    answer = await api.ask("GET", f"/v1/incidents/{ref}{rest}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_etag_spares_the_body_until_anything_that_is_shown_changes(api: Desk) -> None:
    incident = await api.stock.incident()
    tag = (await api.ask("GET", f"/v1/incidents/{incident.id}")).headers["etag"]
    same = await api.ask("GET", f"/v1/incidents/{incident.id}", headers={"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    ada = api.world.database.users[ADA]
    await api.stock.acknowledged(incident)
    changed = await api.ask("GET", f"/v1/incidents/{incident.id}", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    await api.stock.save_user(ada, name="Ada Lovelace")
    renamed = await api.ask("GET", f"/v1/incidents/{incident.id}", headers={"If-None-Match": changed.headers["etag"]})
    assert (renamed.status_code, renamed.json()["acknowledged_by"]["name"]) == (200, "Ada Lovelace")


async def test_a_person_declares_takes_annotates_and_ends_an_incident(api: Desk) -> None:
    body = {"service_id": str(CHECKOUT), "title": "Carts are empty", "severity": "SEV1"}
    declared = await api.ask("POST", "/v1/incidents", json=body)
    assert declared.status_code == 201
    path = declared.headers["location"]
    shown = declared.json()
    assert path == f"/v1/incidents/{shown['id']}"
    assert (shown["title"], shown["status"], shown["escalation"]) == ("Carts are empty", "triggered", "running")
    taken = await api.ask("POST", f"/v1/incidents/{shown['reference']}/acknowledge")
    assert (taken.status_code, taken.json()["status"]) == (200, "acknowledged")
    assert taken.json()["acknowledged_by"]["id"] == str(PEOPLE[Role.RESPONDER])
    assert (taken.json()["escalation"], taken.json()["next_escalation_at"]) == ("stopped", None)
    noted = await api.ask("POST", f"{path}/notes", json={"note": "The cache was cold."})
    assert noted.status_code == 201
    ended = await api.ask("POST", f"{path}/resolve")
    assert (ended.status_code, ended.json()["status"]) == (200, "resolved")
    late = await api.ask("POST", f"{path}/acknowledge")
    assert (late.status_code, late.json()["code"]) == (409, "illegal_transition")

    entries = (await api.ask("GET", f"{path}/timeline")).json()["items"]
    assert [entry["kind"] for entry in entries] == [
        "incident.triggered",
        "incident.acknowledged",
        "escalation.stopped",
        "incident.annotated",
        "incident.resolved",
    ]
    assert entries[0]["text"] == "Responder (API) triggered SEV1: Carts are empty"
    assert entries[1]["text"] == "Responder (API) acknowledged"
    assert entries[1]["people"] == {str(PEOPLE[Role.RESPONDER]): "Responder"}
    assert entries[3]["data"]["note"] == "The cache was cold."
    assert [entry["position"] for entry in entries] == sorted(
        (entry["position"] for entry in entries), key=lambda text: tuple(map(int, text.split("-")))
    )
    audit = (await api.ask("GET", f"/v1/audit?noun_id={shown['id']}", by=Role.ADMIN)).json()["items"]
    assert [entry["action"] for entry in audit] == [
        "incident.resolve",
        "incident.annotate",
        "incident.acknowledge",
        "incident.trigger",
    ]
    assert {entry["actor"]["name"] for entry in audit} == {"Responder"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": "x", "severity": "SEV1"}, "#/service_id"),
        ({"service_id": str(CHECKOUT), "title": "x", "severity": "bad"}, "#/severity"),
        ({"service_id": str(CHECKOUT), "title": " ", "severity": "SEV1"}, "#/title"),
        ({"service_id": str(CHECKOUT), "title": "x", "severity": "SEV1", "more": 1}, "#/more"),
    ],
)
async def test_a_wrong_declaration_is_refused_by_field(api: Desk, body: dict[str, object], pointer: str) -> None:
    answer = await api.ask("POST", "/v1/incidents", json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_timeline_comes_in_pages(api: Desk) -> None:
    incident = await api.stock.resolved(await api.stock.acknowledged(await api.stock.incident()))
    path = f"/v1/incidents/{incident.id}/timeline"
    first = (await api.ask("GET", f"{path}?limit=2")).json()
    rest = (await api.ask("GET", f"{path}?limit=2&cursor={first['next_cursor']}")).json()
    assert [entry["text"] for entry in (*first["items"], *rest["items"])] == [
        "The sender triggered SEV2: 5xx on checkout",
        "Ada (API) acknowledged",
        "Ada (API) resolved",
    ]
    assert (first["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)


async def test_alerts_and_deliveries_and_changes_of_an_incident(api: Desk) -> None:
    incident = await api.stock.incident()
    await api.stock.alerts(incident, "one", "two")
    page = await api.stock.page(incident)
    async with api.stock.transaction:
        integration = await api.stock.integrations.get(CHECKOUT_ALERTS)
        change = ChangeEvent(summary="deploy 7", source="ci", occurred_at=NOON - 5 * MINUTE)
        await api.stock.intake.record_changes([a_received_change(change, integration, new_id())])
    alerts = (await api.ask("GET", f"/v1/incidents/{incident.number}/alerts?limit=1")).json()
    assert [(each["summary"], each["labels"], each["occurrences"]) for each in alerts["items"]] == [
        ("one", {"region": "north"}, 1)
    ]
    more = await api.ask("GET", f"/v1/incidents/{incident.number}/alerts?limit=1&cursor={alerts['next_cursor']}")
    assert [each["summary"] for each in more.json()["items"]] == ["two"]
    (delivery,) = (await api.ask("GET", f"/v1/incidents/{incident.number}/deliveries")).json()["items"]
    assert (delivery["id"], delivery["user"]["name"], delivery["status"]) == (str(page.id), "Ada", "pending")
    assert (delivery["round"], delivery["step"], delivery["attempts"]) == (1, 1, [])
    (shown,) = (await api.ask("GET", f"/v1/incidents/{incident.number}/changes")).json()
    assert (shown["summary"], shown["occurred_at"]) == ("deploy 7", "2026-11-23T11:55:00Z")


READ_PATHS = ("", "/{id}", "/{id}/timeline", "/{id}/alerts", "/{id}/deliveries", "/{id}/changes")
WRITE_PATHS = ("/{id}/acknowledge", "/{id}/resolve")


@pytest.mark.parametrize("path", READ_PATHS)
async def test_everyone_who_has_logged_in_may_read_and_nobody_else(api: Desk, path: str) -> None:
    target = "/v1/incidents" + path.format(id=(await api.stock.incident()).id)
    assert (await api.ask("GET", target, by=Role.VIEWER)).status_code == 200
    assert (await api.ask("GET", target, by=None)).status_code == 401


@pytest.mark.parametrize("path", WRITE_PATHS)
async def test_a_viewer_changes_nothing(api: Desk, path: str) -> None:
    incident: Incident = await api.stock.incident()
    assert (await api.ask("POST", "/v1/incidents" + path.format(id=incident.id), by=Role.VIEWER)).status_code == 403
    assert (await api.ask("POST", "/v1/incidents" + path.format(id=incident.id), by=None)).status_code == 401
    assert api.world.database.incidents[incident.id] == incident


@pytest.mark.parametrize("path", ["/v1/audit", "/v1/dead-letters", "/v1/mailbox"])
async def test_only_an_admin_sees_the_audit_trail_dead_letters_and_the_mailbox(api: Desk, path: str) -> None:
    for role in Role:
        expected = 200 if role is Role.ADMIN else 403
        assert (await api.ask("GET", path, by=role)).status_code == expected
    assert (await api.ask("GET", path, by=None)).status_code == 401


async def test_dead_letters_show_their_bodies_as_they_came(api: Desk) -> None:
    async with api.stock.transaction:
        await api.stock.intake.set_aside(
            [
                DeadLetter(new_id(), CHECKOUT_ALERTS, NOON, "http", "no summary", b'{"a": "\xc3\xa9"}'),
                DeadLetter(new_id(), None, NOON, "sqs", "no text", b"\xff\x00"),
            ]
        )
    first = (await api.ask("GET", "/v1/dead-letters?limit=1", by=Role.ADMIN)).json()
    rest = (await api.ask("GET", f"/v1/dead-letters?limit=1&cursor={first['next_cursor']}", by=Role.ADMIN)).json()
    letters = [*first["items"], *rest["items"]]
    assert [(each["body"], each["body_encoding"], each["reason"], each["integration_name"]) for each in letters] == [
        ("/wA=", "base64", "no text", None),
        ('{"a": "\u00e9"}', "utf-8", "no summary", "probes"),
    ]


async def test_who_is_on_call_with_names(api: Desk) -> None:
    people = [str(PEOPLE[Role.RESPONDER])]
    rotation = {"unit": "day", "starts_at_local": "2026-01-05T09:00:00", "participants": [people]}
    made = await api.ask(
        "POST",
        "/v1/schedules",
        by=Role.ADMIN,
        json={"team_id": str(SHOP), "name": "Primary", "time_zone": "UTC", "layers": [{"rotation": rotation}]},
    )
    assert made.status_code == 201, made.text
    answer = await api.ask("GET", "/v1/on-call?at=2026-11-23T12:00:00Z", by=Role.VIEWER)
    (shown,) = answer.json()["items"]
    assert (shown["schedule"]["name"], shown["users"]) == ("Primary", [{"id": people[0], "name": "Responder"}])
    gap = (await api.ask("GET", "/v1/on-call?at=2025-11-23T12:00:00Z")).json()["items"]
    assert gap[0]["users"] == []
    assert (await api.ask("GET", "/v1/on-call?at=2025-11-23T12:00:00")).status_code == 422
