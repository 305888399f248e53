"""Commands over the API: what they ask, and what they show."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import (
    ACKNOWLEDGED,
    ALERT,
    DELIVERY,
    DETAIL,
    INCIDENT,
    POLICY,
    SERVICE,
    SERVICE_ID,
    TEAM,
    TEAM_ID,
    TIMELINE,
    USER_ID,
    page,
)
from tests.integration.cli.server import HANG, Answer, RecordedApi, problem
from tests.unit.cli.operations import RememberedOperations

TAKEN_EVENT = Answer(202, {"status": "accepted", "events": [{"dedup_key": "d-1"}]})
TAKEN = "INC-15 is acknowledged by Mira Yilmaz"


def test_incidents_are_listed_with_what_comes_next(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/incidents"] = Answer(200, page(INCIDENT, ACKNOWLEDGED, next_cursor="c"))
    assert tocsin("incident", "list", "--severity", "SEV3", "--since", "2h") == 0
    captured = capsys.readouterr()
    lines = [line.split("  ") for line in captured.out.splitlines()]
    assert [[cell.strip() for cell in line if cell] for line in lines] == [
        ["INCIDENT", "SEVERITY", "STATUS", "SERVICE", "TITLE", "AGE", "WHO", "NEXT ESCALATION"],
        ["INC-15", "SEV3", "triggered", "checkout", INCIDENT["title"], "3h", "-", "in 5m"],
        ["INC-15", "SEV3", "acknowledged", "checkout", INCIDENT["title"], "3h", "Mira Yilmaz", "stopped"],
    ]
    assert captured.err == "there are more: add --cursor c\n"
    query = "status=open&severity=SEV3&since=2026-11-23T10%3A00%3A00%2B00%3A00&limit=50"
    assert api.asked[0].path == f"/v1/incidents?{query}"


def test_a_list_as_json_is_the_api_s(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    answer = page(INCIDENT, next_cursor="c")
    api.answers["GET /v1/incidents"] = Answer(200, answer)
    assert tocsin("incident", "list", "--status", "all", "--cursor", "b", "-n", "1", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == answer
    assert api.asked[0].path == "/v1/incidents?limit=1&cursor=b"


def test_stalled_incidents_are_listed_with_the_reason_and_fail(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    why = {"reason": "overdue", "explanation": "its escalation was due, and no worker moved it"}
    api.answers["GET /v1/incidents/stalled"] = [Answer(200, page(INCIDENT | why)), Answer(200, page())]
    assert tocsin("incident", "stalled") == 1
    assert why["explanation"] in capsys.readouterr().out

    assert tocsin("incident", "stalled") == 0
    assert capsys.readouterr().err == "no incident has stalled\n"


def test_an_incident_is_shown_with_its_alerts_timeline_and_deliveries(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/incidents/INC-15"] = Answer(200, ACKNOWLEDGED | DETAIL)
    api.answers["GET /v1/incidents/INC-15/timeline"] = Answer(200, page(TIMELINE))
    api.answers["GET /v1/incidents/INC-15/alerts"] = Answer(200, page(ALERT))
    api.answers["GET /v1/incidents/INC-15/deliveries"] = Answer(200, page(DELIVERY))
    assert tocsin("incident", "show", "INC-15") == 0
    out = capsys.readouterr().out
    assert out.startswith("INC-15  SEV3  acknowledged  Payment page weight above budget\n")
    assert "by Mira Yilmaz" in out
    assert "INC-7 of bank (no money), which it needs by way of ledger" in out
    assert TIMELINE["text"] in out
    assert f"firing  3      page weight 2.1 MB  web-3   page=pay  {ALERT['event_id']}" in out
    assert "Mira Yilmaz  slack    UMIRA    page  1 of round 1  sent    1      delivered" in out
    assert tocsin("incident", "show", "INC-15", "-o", "json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == ACKNOWLEDGED | DETAIL | {"alerts": [ALERT], "timeline": [TIMELINE], "deliveries": [DELIVERY]}


def test_an_incident_says_until_when_it_takes_alerts_or_which_one_does(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    path, shown = "GET /v1/incidents/INC-15", []
    for part in ("timeline", "alerts", "deliveries"):
        api.answers[f"{path}/{part}"] = Answer(200, page())
    until = {"takes_alerts_until": "2026-11-23T11:00:00Z"}
    followed = {"followed_by": {"id": INCIDENT["id"], "reference": "INC-16"}}
    for more in ({}, until, until | {"status": "resolved"}, until | followed):
        api.answers[path] = Answer(200, INCIDENT | DETAIL | more)
        assert tocsin("incident", "show", "INC-15") == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("takes alerts")]
        shown.append("".join(lines).removeprefix("takes alerts:").strip())

    assert [shown[0], shown[2], shown[3]] == ["", "", "no more, INC-16 does"]
    assert shown[1].startswith("until 2026-11-23")


def test_an_incident_that_several_must_acknowledge_says_who_has_and_how_many_are_missing(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    mira = {"id": USER_ID, "name": "Mira Yilmaz"}
    given = [{"user": mira, "at": "2026-11-23T09:10:00Z"}]
    shared = {
        "acknowledgements": {"given": given, "required": 3, "missing": 2},
        "snoozed_until": "2026-11-23T18:00:00Z",
        "responders": [{"user": mira, "answer": "asked"}],
    }
    api.answers["GET /v1/incidents/INC-15"] = Answer(200, INCIDENT | shared | DETAIL)
    api.answers["GET /v1/incidents/INC-15/timeline"] = Answer(200, page(TIMELINE))
    api.answers["GET /v1/incidents/INC-15/alerts"] = Answer(200, page())
    api.answers["GET /v1/incidents/INC-15/deliveries"] = Answer(200, page())
    assert tocsin("incident", "show", "INC-15") == 0

    out = capsys.readouterr().out
    assert "1 of 3: Mira Yilmaz at 11-23" in out
    assert ", 2 still missing" in out
    assert "snoozed until:" in out
    assert "Mira Yilmaz (asked)" in out


def test_what_is_asked_for_stays_one_segment_of_the_path(api: RecordedApi, tocsin: Tocsin) -> None:
    assert tocsin("incident", "ack", "../users?x#y") == 3
    assert api.asked[0].path == "/v1/incidents/..%2Fusers%3Fx%23y/acknowledge"


@pytest.mark.parametrize(
    ("arguments", "path", "body", "said"),
    [
        (("ack", "15"), "/v1/incidents/15/acknowledge", None, TAKEN),
        (("resolve", "15"), "/v1/incidents/15/resolve", None, TAKEN),
        (("unack", "15"), "/v1/incidents/15/unacknowledge", None, TAKEN),
        (("take-over", "15"), "/v1/incidents/15/take-over", None, TAKEN),
        (("accept", "15"), "/v1/incidents/15/accept", None, TAKEN),
        (("decline", "15"), "/v1/incidents/15/decline", None, TAKEN),
        (("reopen", "15"), "/v1/incidents/15/reopen", None, TAKEN),
        (("raise", "15"), "/v1/incidents/15/raise-urgency", None, TAKEN),
        (("escalate", "15"), "/v1/incidents/15/escalate", {}, TAKEN),
        (
            ("escalate", "15", "--step", "2"),
            "/v1/incidents/15/escalate",
            {"step": 2},
            TAKEN,
        ),
        (
            ("severity", "15", "--to", "SEV1"),
            "/v1/incidents/15/severity",
            {"severity": "SEV1"},
            TAKEN,
        ),
        (
            ("retitle", "15", "it is the disk"),
            "/v1/incidents/15/title",
            {"title": "it is the disk"},
            TAKEN,
        ),
        (
            ("snooze", "15", "--until", "2h"),
            "/v1/incidents/15/snooze",
            {"until": "2026-11-23T14:00:00+00:00"},
            TAKEN,
        ),
        (
            ("snooze", "15", "--until", "2026-11-24T06:00:00+00:00"),
            "/v1/incidents/15/snooze",
            {"until": "2026-11-24T06:00:00+00:00"},
            TAKEN,
        ),
        (
            ("add-responder", "15", "--to", USER_ID, "--to", USER_ID),
            "/v1/incidents/15/responders",
            {"users": [USER_ID, USER_ID]},
            TAKEN,
        ),
        (
            ("reassign", "15", "--to", USER_ID),
            "/v1/incidents/15/reassign",
            {"users": [USER_ID]},
            TAKEN,
        ),
        (("note", "15", "looking"), "/v1/incidents/15/notes", {"note": "looking"}, "noted on INC-15"),
    ],
)
def test_an_incident_is_acted_on(
    api: RecordedApi,
    tocsin: Tocsin,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    path: str,
    body: object,
    said: str,
) -> None:
    api.answers[f"POST {path}"] = Answer(200, ACKNOWLEDGED | DETAIL)
    api.answers[f"GET /v1/users/{USER_ID}"] = Answer(200, {"id": USER_ID, "name": "Mira Yilmaz"})
    assert tocsin("incident", *arguments) == 0
    assert (api.asked[-1].path, api.asked[-1].body) == (path, body)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"{said}\n")


def test_several_are_acted_on_in_one_request_with_a_line_for_each(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    done = {"ref": "15", "status": 200, "incident": {"reference": "INC-15", "status": "resolved"}, "problem": None}
    failed = {"ref": "16", "status": 404, "incident": None, "problem": {"detail": "there is no incident 16"}}
    api.answers["POST /v1/incidents/bulk"] = [
        Answer(200, {"items": [done, failed], "succeeded": 1, "failed": 1}),
        Answer(200, {"items": [done, done], "succeeded": 2, "failed": 0}),
    ]
    assert tocsin("incident", "resolve", "15", "16") == 1
    assert api.asked[0].body == {"action": "resolve", "ids": ["15", "16"], "arguments": {}}
    assert capsys.readouterr().err.splitlines()[:2] == ["INC-15 is resolved", "16: there is no incident 16"]
    assert tocsin("incident", "snooze", "15", "15", "--until", "1d") == 0
    assert api.asked[1].body["arguments"] == {"until": "2026-11-24T12:00:00+00:00"}


def test_an_act_says_which_incident_it_wants(api: RecordedApi, tocsin: Tocsin) -> None:
    assert tocsin("incident", "ack") == 2
    assert tocsin("incident", "snooze", "15", "--until", "later") == 2
    assert api.asked == []


def test_an_incident_is_declared_by_its_service_s_name(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers["GET /v1/services"] = Answer(200, page(SERVICE))
    api.answers["POST /v1/incidents"] = Answer(201, INCIDENT | DETAIL)
    assert tocsin("incident", "create", "--service", "Checkout", "--title", "Cannot pay", "--severity", "SEV2") == 0
    assert api.asked[-1].body == {"service_id": SERVICE_ID, "title": "Cannot pay", "severity": "SEV2"}
    assert tocsin("incident", "create", "--service", "nope", "--title", "x") == 3


def test_services_are_listed_with_the_names_of_what_they_refer_to(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/services"] = Answer(200, page(SERVICE))
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))
    api.answers["GET /v1/policies"] = Answer(200, page(POLICY))
    assert tocsin("service", "list") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == [
        *["checkout", "Payments", "Payments", "escalation", "by_severity", "-"],
        SERVICE_ID,
    ]


def test_a_thing_is_shown_by_its_id_or_its_name(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"GET /v1/teams/{TEAM_ID}"] = Answer(200, TEAM)
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))
    assert tocsin("team", "show", TEAM_ID, "-o", "json") == 0
    assert tocsin("team", "show", "payments", "-o", "json") == 0
    out = capsys.readouterr().out
    assert out == json.dumps(TEAM, indent=2) + "\n" + json.dumps(TEAM, indent=2) + "\n"


@pytest.mark.parametrize("noun", ["service", "integration", "schedule", "policy", "user", "team", "token"])
def test_every_noun_of_the_api_can_be_listed(
    noun: str, api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    path = {"policy": "policies", "token": "api-keys"}.get(noun, f"{noun}s")
    api.answers[f"GET /v1/{path}"] = Answer(200, page())
    assert tocsin(noun, "list", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == page()


def test_who_is_on_call_is_asked_for_an_instant(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"id": "s", "name": "Payments on call"}
    gap: dict[str, Any] = {"schedule": named, "users": [], "until": None, "shadows": []}
    api.answers["GET /v1/on-call"] = Answer(200, page(gap))
    assert tocsin("oncall", "now", "--at", "2026-12-24T18:00:00Z") == 0
    assert api.asked[0].path == "/v1/on-call?limit=200&at=2026-12-24T18%3A00%3A00%2B00%3A00"
    assert "nobody: a gap" in capsys.readouterr().out
    assert tocsin("oncall", "now", "--at", "soon") == 2


def test_an_event_is_sent_with_the_integration_s_key(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["POST /v1/events"] = Answer(202, {"status": "accepted", "events": [{"dedup_key": "d-1"}]})
    options = ("--summary", "5xx", "--severity", "critical", "--source", "web-1", "--label", "env=prod=eu")
    assert tocsin("event", "send", "--key", "k-1", "--dedup-key", "d-1", *options) == 0
    assert api.asked[0].headers["authorization"] == "Bearer k-1"
    assert api.asked[0].body == {
        "action": "trigger",
        "summary": "5xx",
        "severity": "critical",
        "source": "web-1",
        "labels": {"env": "prod=eu"},
        "dedup_key": "d-1",
    }
    assert capsys.readouterr().out == "d-1\n"


def test_the_key_may_come_from_the_environment(api: RecordedApi, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k-2\n")
    api.answers["POST /v1/events"] = TAKEN_EVENT
    send = ("event", "send", "--summary", "5xx")
    for setting, value in (("TOCSIN_INTEGRATION_KEY", "k-1"), ("TOCSIN_INTEGRATION_KEY_FILE", str(tmp_path / "key"))):
        assert RememberedOperations().tocsin(*send, **{setting: value}, TOCSIN_URL=api.url) == 0
    assert [asked.headers["authorization"] for asked in api.asked] == ["Bearer k-1", "Bearer k-2"]


def test_an_event_is_sent_again_while_storage_is_away_and_stays_one_alert(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers["POST /v1/events"] = [problem(503, "unavailable", "storage is away"), TAKEN_EVENT]
    assert tocsin("event", "send", "--key", "k-1", "--summary", "5xx") == 0
    first, second = api.asked
    assert first.body["dedup_key"]
    assert first.body == second.body


def test_a_refused_event_is_not_sent_again(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers["POST /v1/events"] = [problem(401, "unauthenticated", "no"), TAKEN_EVENT]
    assert tocsin("event", "send", "--key", "k-1", "--summary", "5xx") == 4
    assert len(api.asked) == 1


def test_a_server_that_never_answers_is_given_up_after_the_wait(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers["POST /v1/events"] = HANG
    assert tocsin("event", "send", "--key", "k-1", "--summary", "5xx", "--wait", "0.2") == 6


def test_what_a_monitoring_system_fills_in_may_look_like_an_option(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers["POST /v1/events"] = TAKEN_EVENT
    about = ("--type", "PROBLEM", "--host", "web-1", "--service", "temperature", "--state", "CRITICAL")
    assert tocsin("event", "nagios", "--key", "k-1", *about, "--text", "-7 C", "--address", "") == 0
    assert api.asked[0].body["summary"] == "temperature on web-1 is CRITICAL: -7 C"


def test_the_mailbox_shows_one_message_whole(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    message = {
        "id": "m",
        "sent_at": "2026-11-23T11:59:00Z",
        "channel": "email",
        "address": "mira@example.com",
        "title": "SEV1 INC-15",
        "body": "down\nStatus: triggered\x1b[31m",
        "notification_id": "n",
        "incident_id": "i",
        "acknowledge_url": "http://127.0.0.1/a/x",
    }
    api.answers["GET /v1/mailbox"] = Answer(200, page(message))
    assert tocsin("mailbox", "--show", "1") == 0
    assert capsys.readouterr().out.splitlines()[-3:] == ["", "down", "Status: triggered [31m"]
    assert tocsin("mailbox", "--show", "2") == 3
    assert tocsin("mailbox") == 0
    assert "SEV1 INC-15" in capsys.readouterr().out


def test_a_token_is_made_for_a_user_known_by_their_address(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    user = {"id": USER_ID, "email": "mira@example.com", "name": "Mira"}
    key = {"name": "ci", "scopes": ["read"], "expires_at": "2027-02-21T12:00:00Z"}
    api.answers["GET /v1/users"] = Answer(200, page(user))
    api.answers["POST /v1/api-keys"] = Answer(201, {"key": key, "secret": "tsk_new"})
    assert tocsin("token", "create", "ci", "--scope", "read", "--user", "Mira@example.com") == 0
    assert api.asked[-1].body == {"name": "ci", "scopes": ["read"], "expires_in_days": 90, "user_id": USER_ID}
    assert capsys.readouterr().out == "tsk_new\n"


def test_a_user_is_created_and_chooses_a_password(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = {"id": USER_ID, "email": "mira@example.com", "name": "Mira", "role": "manager"}
    api.answers["POST /v1/users"] = Answer(201, {"user": user, "setup_secret": "s-1"})
    api.answers["POST /v1/setup"] = Answer(200, {"access_token": "t"})
    assert tocsin("user", "create", "--email", user["email"], "--name", "Mira", "--role", "manager") == 0
    assert capsys.readouterr().out == "s-1\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("a long password\n"))
    assert tocsin("setup", "s-1") == 0
    assert api.asked[-1].body == {"setup_secret": "s-1", "new_password": "a long password"}


@pytest.mark.parametrize(
    ("given", "region"), [(("--holiday-region", "de-by"), "DE-BY"), (("--no-holiday-region",), None)]
)
def test_a_users_holiday_region_is_changed(
    api: RecordedApi, tocsin: Tocsin, given: tuple[str, ...], region: str | None
) -> None:
    user = {"id": USER_ID, "email": "mira@example.com", "name": "Mira", "version": 4}
    api.answers["GET /v1/users"] = Answer(200, page(user))
    api.answers[f"PATCH /v1/users/{USER_ID}"] = Answer(200, user)
    assert tocsin("user", "edit", "mira@example.com", *given) == 0
    assert (api.asked[-1].body, api.asked[-1].headers["if-match"]) == ({"holiday_region": region}, '"v4"')


def test_which_notices_of_their_shifts_a_user_wants_is_shown_and_set(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/v1/users/{USER_ID}/shift-notices"
    wishes = {"ahead": False, "started": True, "ended": True}
    api.answers["GET /v1/users"] = Answer(200, page({"id": USER_ID, "email": "mira@example.com", "name": "Mira"}))
    api.answers |= {f"GET {path}": Answer(200, wishes), f"PATCH {path}": Answer(200, wishes)}
    assert tocsin("user", "shift-notices", "mira@example.com") == 0
    assert capsys.readouterr().out.split() == ["ahead:", "no", "started:", "yes", "ended:", "yes"]
    assert tocsin("user", "shift-notices", "mira@example.com", "--no-ahead", "--ended", "-o", "json") == 0
    assert api.asked[-1].body == {"ahead": False, "ended": True}
    assert json.loads(capsys.readouterr().out) == wishes


def test_a_user_is_not_changed_by_nothing(api: RecordedApi, tocsin: Tocsin) -> None:
    assert tocsin("user", "edit", "mira@example.com") == 2
    assert api.asked == []


def test_a_contact_is_verified_and_confirmed_by_its_address(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    user = {"id": USER_ID, "email": "mira@example.com", "name": "Mira"}
    contact = {"id": TEAM_ID, "channel": "ntfy", "address": "mira-pages", "label": "", "verified_at": None}
    path = f"/v1/users/{USER_ID}"
    api.answers["GET /v1/users"] = Answer(200, page(user))
    api.answers[f"GET {path}/notification-rules"] = Answer(200, {"contacts": [contact], "rules": []})
    api.answers[f"POST {path}/contacts/{TEAM_ID}/verification"] = Answer(202, {"expires_at": "2026-11-23T12:15:00Z"})
    api.answers[f"POST {path}/contacts/{TEAM_ID}/confirm"] = Answer(200, contact)
    assert tocsin("user", "verify", "mira", "mira-pages") == 0
    assert "is on its way to mira-pages by ntfy" in capsys.readouterr().err
    assert tocsin("user", "confirm", "mira", TEAM_ID, "012345") == 0
    assert api.asked[-1].body == {"code": "012345"}
    assert tocsin("user", "verify", "mira", "nowhere") == 3


def test_a_drill_names_who_is_told_and_who_cannot_be_reached(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    user = {"id": USER_ID, "name": "Mira Yilmaz", "email": "mira@example.test"}
    api.answers["GET /v1/users"] = Answer(200, page(user))
    api.answers[f"GET /v1/users/{USER_ID}"] = Answer(200, user)
    drilled = {"told_ids": [USER_ID], "unreachable_ids": []}
    api.answers[f"POST /v1/users/{USER_ID}/drill"] = Answer(200, drilled)
    assert tocsin("drill", "user", "mira@example.test") == 0
    assert capsys.readouterr().out == "told: Mira Yilmaz\n"

    api.answers["GET /v1/schedules"] = Answer(200, page({"id": TEAM_ID, "name": "Rota"}))
    nobody = {"told_ids": [], "unreachable_ids": [USER_ID]}
    api.answers[f"POST /v1/schedules/{TEAM_ID}/drill"] = Answer(200, nobody)
    assert tocsin("drill", "schedule", "rota", "--everyone") == 0
    assert capsys.readouterr().out == "CANNOT BE REACHED: Mira Yilmaz\n"
    assert [asked.body for asked in api.asked if asked.method == "POST"] == [None, {"everyone": True}]


def test_readiness_shows_who_could_not_be_paged_and_its_exit_code_says_so(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))
    contact = {"channel": "email", "confirmed_at": "2026-11-23T10:00:00Z"}
    ready = {"name": "Ada", "contacts": [contact], "findings": []}
    silent = {"name": "Ben", "contacts": [], "findings": [{"explanation": "has no contact"}]}
    api.answers[f"GET /v1/teams/{TEAM_ID}/readiness"] = Answer(200, {"is_ready": False, "members": [ready, silent]})
    assert tocsin("readiness") == 1
    lines = [[cell.strip() for cell in line.split("  ") if cell] for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["TEAM", "WHO", "CONTACTS", "LAST CONFIRMED", "FINDINGS"]
    assert [(line[1], line[-1]) for line in lines[1:]] == [("Ada", "ready"), ("Ben", "has no contact")]

    api.answers[f"GET /v1/teams/{TEAM_ID}/readiness"] = Answer(200, {"is_ready": True, "members": [ready]})
    assert tocsin("readiness", TEAM["name"], "-o", "json") == 0


INTEGRATION: Any = {"id": "00000000-0000-7000-8000-000000000001", "name": "GitHub", "version": 3}


def test_a_mapping_is_tried_and_then_given(
    api: RecordedApi, tocsin: Tocsin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/v1/integrations/{INTEGRATION['id']}"
    event = {"action": "trigger", "dedup_key": "7", "severity": None, "summary": "disk"}
    refused = {"pointer": "#/items/1/action", "detail": "is 'paused'"}
    tried = {"received_at": None, "events": [event], "refused": [refused]}
    api.answers["GET /v1/integrations"] = Answer(200, page(INTEGRATION))
    api.answers[f"POST {path}/mapping/try"] = Answer(200, {"tried": [tried]})
    api.answers[f"PATCH {path}"] = Answer(200, INTEGRATION)
    mapping = {"summary": "title"}
    (tmp_path / "mapping.json").write_text(json.dumps(mapping))
    (tmp_path / "body.json").write_text("[1]")

    options = ("--file", str(tmp_path / "mapping.json"), "--sample", str(tmp_path / "body.json"))
    assert tocsin("integration", "try", "github", *options) == 1  # something is refused
    assert api.asked[-1].body == {"limit": 10, "mapping": mapping, "sample": [1]}
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        ["-", "trigger", "7", "-", "disk"],
        ["-", "refused", "#/items/1/action", "-", "is", "'paused'"],
    ]
    assert tocsin("integration", "map", "github", "--file", str(tmp_path / "mapping.json")) == 0
    assert (api.asked[-1].body, api.asked[-1].headers["if-match"]) == ({"mapping": mapping}, '"v3"')


def test_an_integration_is_shown_with_what_to_paste_and_how_its_sender_does(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/v1/integrations/{INTEGRATION['id']}"
    received = {"received_at": "2026-11-23T11:59:00Z", "format": "http", "size_bytes": 7, "verdict": "set aside"}
    health: Any = {"last_received_at": "2026-11-23T11:59:00Z", "received": 8, "set_aside": 1, "error_rate": 0.125}
    health["last"] = [received | {"reason": "JSON parse error"}]
    health["quiet_watch"] = {"after_seconds": 43_200, "is_quiet": True}
    snippets = [{"title": "a.yml", "text": "a:\n  b"}]
    shown = INTEGRATION | {"service_id": SERVICE_ID, "url": "https://t/x", "snippets": snippets, "topic_arns": ["a:b"]}
    api.answers["GET /v1/integrations"] = Answer(200, page(INTEGRATION))
    api.answers["GET /v1/services"] = Answer(200, page(SERVICE))
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))
    api.answers[f"GET {path}"] = Answer(200, shown)
    api.answers[f"GET {path}/health"] = Answer(200, health)

    assert tocsin("integration", "show", "GitHub") == 0
    out = capsys.readouterr().out
    assert "\n# a.yml\na:\n  b\n" in out
    assert f"service id:  {SERVICE['name']}" in out
    assert 'topic arns:  ["a:b"]' in out
    assert "1 of the last 8 (12.5%)" in out
    assert "set aside  JSON parse error" in out
    assert "after 12h; it is quiet now" in out
    assert tocsin("integration", "show", "GitHub", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == shown | {"health": health}


def test_an_integration_is_watched_for_falling_quiet(api: RecordedApi, tocsin: Tocsin) -> None:
    path = f"/v1/integrations/{INTEGRATION['id']}/quiet-watch"
    api.answers["GET /v1/integrations"] = Answer(200, page(INTEGRATION))
    api.answers[f"POST {path}"] = Answer(200, {"after_seconds": 43_200, "is_quiet": False})
    api.answers[f"DELETE {path}"] = Answer(204, b"")
    assert tocsin("integration", "watch", "GitHub", "--after", "12h") == 0
    assert api.asked[-1].body == {"after_seconds": 43_200}
    assert tocsin("integration", "watch", "GitHub", "--off") == 0
    assert api.asked[-1].method == "DELETE"
    assert tocsin("integration", "watch", "GitHub") == 2
    assert tocsin("integration", "watch", "GitHub", "--after", "soon") == 2


def test_an_integration_is_limited_and_what_is_not_given_stays(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = {"id": SERVICE_ID, "name": "Nagios", "version": 4}
    limits = {"events_per_minute": 600, "event_burst": None, "open_alerts": None}
    api.answers["GET /v1/integrations"] = Answer(200, page(ours | limits))
    api.answers[f"PATCH /v1/integrations/{SERVICE_ID}"] = Answer(200, ours | limits)

    assert tocsin("integration", "limit", "nagios", "--events-per-minute", "600") == 0

    assert (api.asked[-1].body, api.asked[-1].headers["if-match"]) == ({"events_per_minute": 600}, '"v4"')
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert shown == [
        "name: Nagios",
        "events per minute: 600",
        "event burst: as installed",
        "open alerts: as installed",
    ]


def test_an_integration_can_be_left_to_the_limits_of_the_installation(api: RecordedApi, tocsin: Tocsin) -> None:
    ours = {"id": SERVICE_ID, "name": "Nagios", "version": 4}
    limits = dict.fromkeys(("events_per_minute", "event_burst", "open_alerts"))
    api.answers["GET /v1/integrations"] = Answer(200, page(ours))
    api.answers[f"PATCH /v1/integrations/{SERVICE_ID}"] = Answer(200, ours | limits)

    assert tocsin("integration", "limit", "Nagios", "--as-installed") == 0
    assert api.asked[-1].body == limits
    assert tocsin("integration", "limit", "Nagios") == 2
    assert tocsin("integration", "limit", "Nagios", "--burst", "3", "--as-installed") == 2
