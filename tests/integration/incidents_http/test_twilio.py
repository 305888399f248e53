from dataclasses import replace

import httpx
import pytest

from application.incident.acknowledge import AcknowledgeIncident
from application.ports.errors import TransientPortError
from domain.identity.role import Role
from domain.incident.incident import Incident, IncidentStatus
from domain.notification.contact import Channel, Contact
from domain.notification.notice import NoticeKind
from domain.notification.notification import NotificationStatus, Purpose
from domain.shared.via import Via
from tests.integration.incidents_http.desk import TWILIO_TOKENS, TWILIO_URL, Desk, desk
from tests.integration.incidents_http.test_drill_page import RESPONDER, drilled, link
from tests.support.builders import a_contact
from tests.support.fake_twilio import parsed, signed_form
from tests.support.stock import ADA

PHONE = a_contact(ADA, Channel.SMS)
TEXTS = "/twilio/sms"


async def brought(
    api: Desk, path: str, *, token: str = TWILIO_TOKENS[0], url: str | None = None, **fields: str
) -> httpx.Response:
    body, headers = signed_form(url or f"{TWILIO_URL}{path}", fields, token=token)
    return await api.ask("POST", path, by=None, content=body, headers=headers)


async def text(api: Desk, body: str, *, sender: str = PHONE.address) -> str:
    """What is texted back."""
    return said(await brought(api, TEXTS, MessageSid="SM1", From=sender, To="+15005550006", Body=body), "Message")


def said(answer: httpx.Response, verb: str = "Say") -> str:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml; charset=utf-8")
    document = parsed(answer.text)
    assert document.tag == "Response"
    return " ".join(each.text or "" for each in document.iter(verb))


def carry(api: Desk, *contacts: Contact) -> None:
    api.world.database.contacts[ADA] = contacts


async def told(api: Desk) -> Incident:
    """Of an incident that went to Ada's telephone."""
    carry(api, replace(PHONE, verified_at=api.world.clock.now()), a_contact(ADA))
    incident = await api.stock.incident()
    page = await api.stock.page(incident)
    texted = replace(page, channel=Channel.SMS, address=PHONE.address, attempts=1)
    api.world.database.notifications[page.id] = texted
    return incident


def stored(api: Desk, incident: Incident) -> Incident:
    return api.world.database.incidents[incident.id]


@pytest.mark.parametrize("form", ["ack", "ACK {}", "1"])
async def test_a_text_message_acknowledges_what_its_number_was_told_of(api: Desk, form: str) -> None:
    incident = await told(api)
    answer = await text(api, form.format(incident.number))
    assert answer == f"INC-{incident.number} is acknowledged. No further pages will be sent to you for it."
    assert stored(api, incident).acknowledged_by == ADA
    entry = api.world.database.audit[-1]
    assert (entry.via, entry.actor_id) == (Via.SMS, ADA)
    timeline = (await api.ask("GET", f"/v1/incidents/{incident.id}/timeline")).json()
    assert "Ada (SMS) acknowledged" in str(timeline)


async def test_one_that_came_twice_changes_nothing_more(api: Desk) -> None:
    incident = await told(api)
    await text(api, f"ack {incident.number}")
    first = stored(api, incident)
    assert "is acknowledged" in await text(api, f"ack {incident.number}")
    assert stored(api, incident) == first


async def test_resolve_resolves_and_what_is_resolved_stays_so(api: Desk) -> None:
    incident = await told(api)
    assert "is resolved" in await text(api, f"resolve {incident.number}")
    assert "was resolved already" in await text(api, f"ack {incident.number}")
    assert stored(api, incident).status is IncidentStatus.RESOLVED


async def test_what_a_number_was_not_told_of_it_cannot_answer(api: Desk) -> None:
    incident = await told(api)
    nothing = "Nothing that this number was told of waits for an answer."
    assert await text(api, f"ack {incident.number}", sender="+15005550009") == nothing
    assert await text(api, f"ack {incident.number + 1}") == nothing
    carry(api, PHONE)  # not verified
    assert await text(api, f"ack {incident.number}") == nothing
    assert stored(api, incident) == incident


async def test_a_text_message_proves_the_contact_that_it_comes_from(api: Desk) -> None:
    carry(api, replace(PHONE, verified_at=api.world.clock.now()))
    await text(api, "ok")
    assert api.world.database.contact_proofs[PHONE.id].confirmed_at == api.world.clock.now()


async def test_after_stop_a_number_counts_no_more_and_its_owner_hears_of_it_elsewhere(api: Desk) -> None:
    await told(api)
    assert await text(api, "Stop") == ""
    assert [each.verified_at for each in api.world.database.contacts[ADA]] == [None, None]
    (notice,) = (each for each in api.world.database.notifications.values() if each.purpose is Purpose.NOTICE)
    assert notice.notice is not None
    assert (notice.notice.kind, notice.address) == (NoticeKind.CONTACT_FAILED, a_contact(ADA).address)
    entry = api.world.database.audit[-1]
    assert (entry.action, entry.via) == ("user.stop_contact", Via.SMS)
    assert await text(api, "Stop") == ""
    assert api.world.database.audit[-1] == entry, "once"


@pytest.mark.parametrize(("body", "answer"), [("HELP", ""), ("start", ""), ("who is this?", "Answer ACK or RESOLVE")])
async def test_other_words_change_nothing(api: Desk, body: str, answer: str) -> None:
    await told(api)
    before = api.world.database.copy()
    assert (await text(api, body)).startswith(answer)
    assert api.world.database.copy() == before


async def test_a_viewer_is_told_that_it_takes_a_responder(api: Desk) -> None:
    incident = await told(api)
    users = api.world.database.users
    users[ADA] = replace(users[ADA], role=Role.VIEWER)
    assert "takes a responder" in await text(api, "ack")
    users[ADA] = replace(users[ADA], is_active=False)
    assert "waits for an answer" in await text(api, "ack")
    assert stored(api, incident) == incident


async def test_a_storage_that_is_away_is_told(api: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await told(api)

    async def fail(*_: object, **__: object) -> None:
        raise TransientPortError("away")

    monkeypatch.setattr(AcknowledgeIncident, "__call__", fail)
    assert "could not do this just now" in await text(api, "ack")


@pytest.mark.parametrize("key", ["1", "2", ""])
async def test_only_the_right_key_in_a_call_acknowledges(api: Desk, key: str) -> None:
    incident = await api.stock.incident()
    spoken = said(await brought(api, api.link(incident, via=Via.VOICE) + "/key", CallSid="CA1", Digits=key))
    has_it = key == "1"
    assert ("You have it" in spoken) is has_it
    assert (stored(api, incident).acknowledged_by == ADA) is has_it
    assert not has_it or api.world.database.audit[-1].via is Via.VOICE


async def test_a_key_is_answered_when_there_is_nothing_left_to_take(api: Desk) -> None:
    incident = await api.stock.resolved(await api.stock.incident())
    assert "resolved already" in said(await brought(api, api.link(incident) + "/key", Digits="1"))
    assert "too old" in said(await brought(api, "/a/nonsense/key", Digits="1"))
    assert "too old" in said(await brought(api, f"/a/{'x' * 3000}/key", Digits="1"))


async def test_a_key_in_a_drill_proves_the_contact(api: Desk) -> None:
    contact = a_contact(RESPONDER, Channel.VOICE)
    api.world.database.contacts[RESPONDER] = (contact,)
    path = link(api, await drilled(api), via=Via.VOICE) + "/key"
    assert "too old" in said(await brought(api, "/d/nonsense/key", Digits="1"))
    assert "does nothing" in said(await brought(api, path, Digits="9"))
    assert contact.id not in api.world.database.contact_proofs
    assert "proven" in said(await brought(api, path, Digits="1"))
    assert api.world.database.audit[-1].via is Via.VOICE
    assert api.world.database.contact_proofs[contact.id].confirmed_at == api.world.clock.now()


@pytest.mark.parametrize(
    "path", [TEXTS, "/a/x/key", "/d/x/key", "/twilio/receipts/0193a7f0-0000-7000-8000-000000000000/1"]
)
async def test_what_twilio_did_not_sign_for_this_very_address_is_not_read(api: Desk, path: str) -> None:
    await told(api)
    before = api.world.database.copy()
    fields = {"From": PHONE.address, "Body": "ack", "Digits": "1"}
    refused = [
        await brought(api, path, token="another", **fields),
        await brought(api, path, url=f"http://elsewhere.test{path}", **fields),
        await brought(api, path, url=f"{TWILIO_URL}{path}?a=1", **fields),
        await api.ask("POST", path, by=None, content=b"From=%2B1&Body=ack"),
        await api.ask("POST", path, by=None, content=b"x" * 50_000),
        await api.ask("POST", path, by=None, content=b"\xff"),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert api.world.database.copy() == before


async def test_what_is_in_the_query_is_signed_too_and_the_old_token_is_good_as_well(api: Desk) -> None:
    await told(api)
    answer = await brought(api, f"{TEXTS}?tier=1", token=TWILIO_TOKENS[1], From=PHONE.address, Body="ack")
    assert "is acknowledged" in said(answer, "Message")


async def test_without_twilio_there_is_nothing() -> None:
    async with desk(twilio_tokens=()) as api:
        assert (await brought(api, TEXTS, Body="ack")).status_code == 404


async def test_a_receipt_that_twilio_signed_is_taken_once_it_says_what_became_of_it(api: Desk) -> None:
    incident = await told(api)
    (page,) = (each for each in api.world.database.notifications.values() if each.incident_id == incident.id)
    api.world.database.notifications[page.id] = replace(page, status=NotificationStatus.SENT, next_deadline=None)
    path = f"/twilio/receipts/{page.id}/{page.attempts}"
    fields = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30005"}
    for refused in (
        await brought(api, path, token="another", **fields),
        await brought(api, path, url=f"{TWILIO_URL}/twilio/receipts/{page.id}/2", **fields),
    ):
        assert refused.status_code == 403
    underway = await brought(api, path, MessageSid="SM1", MessageStatus="sent")
    assert (underway.status_code, underway.content) == (204, b"")
    assert api.world.database.notifications[page.id].status is NotificationStatus.SENT

    assert (await brought(api, path, **fields)).status_code == 204
    assert api.world.database.notifications[page.id].status is NotificationStatus.FAILED
    ledger = (await api.ask("GET", f"/v1/incidents/{incident.id}/ledger?format=csv")).text
    assert 'undelivered,"Twilio: message undelivered, code 30005"' in ledger
    timeline = (await api.ask("GET", f"/v1/incidents/{incident.id}/timeline")).text
    assert "code 30005" in timeline


async def test_a_receipt_of_nothing_that_was_sent_is_answered_and_passed_over(api: Desk) -> None:
    nothing = "/twilio/receipts/0193a7f0-0000-7000-8000-000000000000/1"
    before = api.world.database.copy()
    assert (await brought(api, nothing, CallSid="CA1", CallStatus="no-answer")).status_code == 204
    assert api.world.database.copy() == before
    assert (await brought(api, "/twilio/receipts/nonsense/1", CallStatus="busy")).status_code == 404
