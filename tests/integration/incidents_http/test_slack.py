import hmac
import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from adapters.inbound.slack import press
from domain.incident.incident import Incident, IncidentStatus
from domain.shared.via import Via
from tests.integration.incidents_http.desk import SLACK_SECRETS, Desk, desk
from tests.support.stock import ADA, BEN

PATH = "/slack/interactivity"
RESPONSE_URL = "https://hooks.slack.com/actions/T0/1/xyz"


def pressed(incident: Incident, *, action: str = "tocsin_acknowledge", member: str = "U0ADA") -> bytes:
    payload = {
        "type": "block_actions",
        "user": {"id": member, "team_id": "T0"},
        "response_url": RESPONSE_URL,
        "actions": [{"action_id": action, "value": f"{incident.id}:v{incident.version}"}],
    }
    return form(payload)


def form(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


async def send(
    api: Desk, body: bytes, *, secret: str = SLACK_SECRETS[0], age: int = 0, timestamp: str | None = None
) -> httpx.Response:
    timestamp = timestamp or str(int(api.world.clock.now().timestamp()) - age)
    mac = hmac.digest(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, "sha256").hex()
    signed = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={mac}",
    }
    return await api.ask("POST", PATH, by=None, content=body, headers=signed)


def stored(api: Desk, incident: Incident) -> Incident:
    return api.world.database.incidents[incident.id]


def said(answer: httpx.Response) -> str:
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    assert (told["response_type"], told["replace_original"]) == ("ephemeral", False)
    text: str = told["text"]
    return text


async def test_a_press_acknowledges_as_the_linked_user_and_is_answered_with_nothing(api: Desk) -> None:
    incident = await api.stock.incident()
    answer = await send(api, pressed(incident))
    assert (answer.status_code, answer.content) == (200, b"")
    assert (stored(api, incident).status, stored(api, incident).acknowledged_by) == (IncidentStatus.ACKNOWLEDGED, ADA)
    (entry,) = api.world.database.audit
    assert (entry.actor_id, entry.via, entry.credential) == (ADA, Via.SLACK, "slack")
    assert api.replies == []
    assert entry.request_id == answer.headers["x-request-id"]


async def test_a_press_resolves(api: Desk) -> None:
    incident = await api.stock.incident()
    assert (await send(api, pressed(incident, action="tocsin_resolve"))).content == b""
    assert stored(api, incident).status is IncidentStatus.RESOLVED


async def test_a_double_press_is_one_press(api: Desk) -> None:
    incident = await api.stock.incident()
    await send(api, pressed(incident))
    once = stored(api, incident)
    assert (await send(api, pressed(incident))).content == b""
    assert stored(api, incident) == once


async def test_what_is_resolved_is_said_to_whom_pressed(api: Desk) -> None:
    incident = await api.stock.resolved(await api.stock.incident(), by=BEN)
    assert "already resolved" in said(await send(api, pressed(incident)))
    assert stored(api, incident) == incident


async def test_an_unlinked_member_is_told_what_to_do(api: Desk) -> None:
    incident = await api.stock.incident()
    assert "Ask an admin to link it" in said(await send(api, pressed(incident, member="U0NOBODY")))
    assert stored(api, incident) == incident
    ((url, text),) = api.replies
    assert url == RESPONSE_URL
    assert "Ask an admin to link it" in text


async def test_a_member_of_somebody_who_left_counts_as_unlinked(api: Desk) -> None:
    incident = await api.stock.incident()
    await api.stock.save_user(api.world.database.users[ADA], is_active=False)
    assert "not linked" in said(await send(api, pressed(incident)))
    assert stored(api, incident) == incident


async def test_a_viewer_is_told_that_it_takes_a_responder(api: Desk) -> None:
    incident = await api.stock.incident()
    assert "takes a responder" in said(await send(api, pressed(incident, member="U0VIC")))
    assert stored(api, incident) == incident


async def test_an_incident_that_is_gone_is_said_so(api: Desk) -> None:
    incident = await api.stock.incident()
    del api.world.database.incidents[incident.id]
    assert "not there any more" in said(await send(api, pressed(incident)))


async def test_both_secrets_sign_while_one_replaces_the_other(api: Desk) -> None:
    incident = await api.stock.incident()
    assert (await send(api, pressed(incident), secret=SLACK_SECRETS[1])).status_code == 200
    assert stored(api, incident).acknowledged_by == ADA


@pytest.mark.parametrize("change", ["secret", "old", "new", "no number", "no signature", "other body"])
async def test_what_slack_did_not_sign_is_refused_unread(api: Desk, change: str) -> None:
    incident = await api.stock.incident()
    body = pressed(incident)
    match change:
        case "secret":
            answer = await send(api, body, secret="guessed")
        case "old":
            answer = await send(api, body, age=301)
        case "new":
            answer = await send(api, body, age=-301)
        case "no number":
            answer = await send(api, body, timestamp="now")
        case "no signature":
            answer = await api.ask("POST", PATH, by=None, content=body)
        case _:
            mine = (await send(api, b"payload={}")).request.headers
            signed = {name: value for name, value in mine.items() if name.startswith("x-slack")}
            answer = await api.ask("POST", PATH, by=None, content=body, headers=signed)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert stored(api, incident) == incident


async def test_where_slack_is_not_set_up_there_is_nothing() -> None:
    async with desk(slack_secrets=()) as api:
        incident = await api.stock.incident()
        assert (await send(api, pressed(incident))).status_code == 404
        assert stored(api, incident) == incident


async def test_an_interaction_that_is_not_about_our_buttons_is_taken_note_of(api: Desk) -> None:
    link = form({"type": "block_actions", "user": {"id": "U0ADA"}, "actions": [{"action_id": "other"}]})
    assert (await send(api, link)).content == b""
    assert (await send(api, form({"type": "view_closed"}))).content == b""


async def test_a_signed_body_that_slack_does_not_send_is_422(api: Desk) -> None:
    assert (await send(api, b"payload=%7B")).status_code == 422


async def test_a_storage_that_fails_or_takes_too_long_is_said_in_time(
    api: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = await api.stock.incident()
    monkeypatch.setattr(press, "ANSWER_SECONDS", 0.05)
    async with api.world.database.lock:  # somebody holds the storage
        assert "could not do this just now" in said(await send(api, pressed(incident)))
    assert stored(api, incident) == incident
    assert (await send(api, pressed(incident))).content == b""
