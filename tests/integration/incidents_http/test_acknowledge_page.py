import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest

from adapters.outbound.ntfy.notifier import NtfyNotifier, NtfySettings
from domain.incident.incident import Incident, IncidentStatus
from domain.shared.via import Via
from tests.integration.incidents_http.desk import Desk
from tests.integration.sessions import loopback_session
from tests.support.fake_ntfy import FakeNtfy
from tests.support.stock import ADA, BEN, VIC
from tests.unit.outgoing.messages import HOSTILE_TITLE, a_message


def text_of(page: str) -> str:
    """What a person reads, on one line."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def stored(api: Desk, incident: Incident) -> Incident:
    return api.world.database.incidents[incident.id]


@pytest.fixture
async def incident(api: Desk) -> Incident:
    """Triggered twelve and a half minutes ago."""
    return await api.stock.incident(at=api.world.clock.now() - timedelta(minutes=12, seconds=30))


async def press(api: Desk, path: str, action: str) -> tuple[int, str]:
    answer = await api.ask("POST", path, by=None, data={"action": action})
    return answer.status_code, text_of(answer.text)


async def test_the_page_says_what_broke_since_when_and_who_has_it(api: Desk, incident: Incident) -> None:
    answer = await api.ask("GET", api.link(incident), by=None)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    text = text_of(answer.text)
    for said in (
        f"SEV2 INC-{incident.number}",
        "5xx on checkout",
        "Service checkout",
        "Team Store",
        "12 min 30 s ago",
        "Triggered: nobody has it yet",
        "Runbook https://runbooks.example.test/checkout",
        "Acknowledge",
        "You act as Ada.",
    ):
        assert said in text, said


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", ["", "?action=acknowledge", "?action=resolve"])
async def test_looking_changes_nothing(api: Desk, incident: Incident, method: str, query: str) -> None:
    before = api.world.database.copy()
    answer = await api.ask(method, api.link(incident) + query, by=None)
    assert answer.status_code == 200
    assert (answer.content == b"") == (method == "HEAD")
    assert api.world.database.copy() == before


async def test_the_button_acknowledges_as_the_links_user_by_email(api: Desk, incident: Incident) -> None:
    status, text = await press(api, api.link(incident), "acknowledge")
    assert status == 200
    assert "You have it. No further pages will be sent for it." in text
    assert "Acknowledged by you (Ada) at" in text
    assert (stored(api, incident).status, stored(api, incident).acknowledged_by) == (IncidentStatus.ACKNOWLEDGED, ADA)
    (entry,) = api.world.database.audit
    assert (entry.action, entry.actor_id, entry.via, entry.credential) == (
        "incident.acknowledge",
        ADA,
        Via.EMAIL,
        "link",
    )


@pytest.mark.parametrize(
    ("via", "door"),
    [
        (Via.EMAIL, "e-mail link"),
        (Via.SLACK, "Slack"),
        (Via.NTFY, "ntfy"),
        (Via.WEBHOOK, "webhook link"),
        (Via.SMS, "SMS"),
        (Via.VOICE, "call"),
    ],
)
async def test_the_timeline_names_the_channel_that_carried_the_link(
    api: Desk, incident: Incident, via: Via, door: str
) -> None:
    await press(api, api.link(incident, via=via), "acknowledge")
    assert api.world.database.audit[-1].via is via
    timeline = (await api.ask("GET", f"/v1/incidents/{incident.id}/timeline")).json()
    assert f"Ada ({door}) acknowledged" in str(timeline)


async def test_the_other_button_resolves(api: Desk, incident: Incident) -> None:
    status, text = await press(api, api.link(incident), "resolve")
    assert status == 200
    assert "It is resolved." in text
    assert "Resolved by you (Ada)" in text
    assert stored(api, incident).status is IncidentStatus.RESOLVED


async def test_pressing_twice_is_pressing_once(api: Desk, incident: Incident) -> None:
    await press(api, api.link(incident), "acknowledge")
    once = stored(api, incident)
    status, text = await press(api, api.link(incident), "acknowledge")
    assert (status, stored(api, incident)) == (200, once)
    assert "Acknowledged by you (Ada)" in text


async def test_it_says_who_has_it_and_lets_another_take_it_over(api: Desk, incident: Incident) -> None:
    await api.stock.acknowledged(incident, by=BEN)
    answer = await api.ask("GET", api.link(incident), by=None)
    assert "Acknowledged by Ben at" in text_of(answer.text)
    assert "Take it over" in text_of(answer.text)
    await press(api, api.link(incident), "acknowledge")
    assert stored(api, incident).acknowledged_by == ADA


async def test_what_is_resolved_has_no_button_and_is_not_taken_any_more(api: Desk, incident: Incident) -> None:
    await api.stock.resolved(incident, by=BEN)
    page = (await api.ask("GET", api.link(incident), by=None)).text
    assert "Resolved by Ben at" in text_of(page)
    assert "<button" not in page
    status, text = await press(api, api.link(incident), "acknowledge")
    assert status == 200
    assert "It was resolved already; nothing was changed." in text


@pytest.mark.parametrize("body", [{}, {"action": "delete"}, {"other": "acknowledge"}])
async def test_a_form_without_an_action_of_ours_changes_nothing(
    api: Desk, incident: Incident, body: dict[str, str]
) -> None:
    answer = await api.ask("POST", api.link(incident), by=None, data=body)
    assert answer.status_code == 200
    assert stored(api, incident) == incident


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_expired_or_foreign_link_says_so_and_changes_nothing(
    api: Desk, incident: Incident, method: str
) -> None:
    expired = api.link(incident, good_for=timedelta(minutes=5))
    api.world.clock.move_to(api.world.clock.now() + timedelta(minutes=6))
    good = api.link(incident)
    for path in (expired, good[:-3], good[:-1] + ("A" if good[-1] != "A" else "B") + "x", "/a/nonsense"):
        answer = await api.ask(method, path, by=None, data={"action": "acknowledge"} if method == "POST" else None)
        assert answer.status_code == 410, path
        assert "This link does not work any more" in text_of(answer.text)
        assert "<button" not in answer.text
    assert stored(api, incident) == incident


async def test_a_link_to_an_incident_that_is_gone_is_404(api: Desk, incident: Incident) -> None:
    del api.world.database.incidents[incident.id]
    answer = await api.ask("GET", api.link(incident), by=None)
    assert (answer.status_code, "There is no such incident" in answer.text) == (404, True)


async def test_a_viewer_may_look_but_not_take(api: Desk, incident: Incident) -> None:
    path = api.link(incident, user_id=VIC)
    assert (await api.ask("GET", path, by=None)).status_code == 200
    status, text = await press(api, path, "acknowledge")
    assert (status, stored(api, incident)) == (403, incident)
    assert "Your role does not permit this" in text


async def test_a_link_of_somebody_who_left_does_not_work(api: Desk, incident: Incident) -> None:
    await api.stock.save_user(api.world.database.users[ADA], is_active=False)
    status, _ = await press(api, api.link(incident), "acknowledge")
    assert (status, stored(api, incident)) == (410, incident)


async def test_the_page_loads_nothing_runs_nothing_and_fits_a_bad_connection(api: Desk) -> None:
    incident = await api.stock.incident(HOSTILE_TITLE.replace("\ud800", ""), at=api.world.clock.now())
    answer = await api.ask("GET", api.link(incident), by=None)
    page = answer.text
    assert len(answer.content) < 30_000
    assert "<b>" not in page
    assert "\u202e" not in page
    assert not re.search(r"<(script|img|link|iframe|object)\b|\bon\w+=|style=|@import|url\(", page)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "prefers-color-scheme:dark" in page


async def test_the_allowed_hash_is_that_of_the_style(api: Desk, incident: Incident) -> None:
    from base64 import b64encode
    from hashlib import sha256

    answer = await api.ask("GET", api.link(incident), by=None)
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, flags=re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]


async def test_the_link_lets_nobody_in_elsewhere(api: Desk, incident: Incident) -> None:
    token = api.link(incident).removeprefix("/a/")
    answer = await api.ask("GET", "/v1/incidents", by=None, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_a_tap_in_ntfy_acknowledges_without_a_page_or_a_cookie(api: Desk, fake_ntfy: FakeNtfy) -> None:
    incident = await api.stock.incident()
    url = f"https://tocsin.example.test{api.link(incident)}"
    async with loopback_session(fake_ntfy.port) as session:
        settings = NtfySettings(base_url=fake_ntfy.base_url, token=fake_ntfy.token)
        await NtfyNotifier(settings, session).send(a_message(address="ada-pages", acknowledge_url=url))
    tap = fake_ntfy.tap("Acknowledge")
    for _ in range(2):  # phones repeat what they could not see the answer of
        answer = await api.ask(
            tap.method, urlsplit(tap.url).path, by=None, content=tap.body.encode(), headers=dict(tap.headers)
        )
        assert answer.status_code == 200
    stored = api.world.database.incidents[incident.id]
    assert (stored.status, stored.acknowledged_by) == (IncidentStatus.ACKNOWLEDGED, ADA)
