from datetime import timedelta

import pytest

from adapters.outbound.security.link_tokens import SealedLinkTokens
from domain.identity.role import Role
from domain.notification.contact import Contact
from domain.notification.notification import Notification
from domain.shared.ids import UserId
from domain.shared.via import Via
from tests.integration.http.world import PEOPLE, SECRET
from tests.integration.incidents_http.desk import Desk
from tests.integration.incidents_http.test_acknowledge_page import text_of
from tests.support.builders import a_contact

RESPONDER = PEOPLE[Role.RESPONDER]


def contact_of(api: Desk, user_id: UserId) -> Contact:
    contact = a_contact(user_id)
    api.world.database.contacts[user_id] = (contact,)
    return contact


async def drilled(api: Desk) -> Notification:
    answer = await api.ask("POST", f"/v1/users/{RESPONDER}/drill", by=Role.RESPONDER)
    assert answer.json() == {"told_ids": [str(RESPONDER)], "unreachable_ids": []}
    (notification,) = api.world.database.notifications.values()
    return notification


def link(
    api: Desk, notification: Notification, *, user_id: UserId = RESPONDER, hours: int = 1, via: Via = Via.EMAIL
) -> str:
    expires_at = api.world.clock.now() + timedelta(hours=hours)
    return "/d/" + SealedLinkTokens(SECRET).issue_drill(notification.id, user_id, expires_at=expires_at, via=via)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_a_test_page_changes_nothing(api: Desk, method: str) -> None:
    contact = contact_of(api, RESPONDER)
    path = link(api, await drilled(api))
    before = api.world.database.copy()

    answer = await api.ask(method, path, by=None)
    assert answer.status_code == 200
    assert api.world.database.copy() == before
    if method == "GET":
        assert f"To {contact.address} Nothing is broken. This is a drill. It arrived" in text_of(answer.text)


async def test_the_button_says_that_it_arrived(api: Desk) -> None:
    contact = contact_of(api, RESPONDER)
    answer = await api.ask("POST", link(api, await drilled(api)), by=None)

    assert answer.status_code == 200
    assert "Pages reach you here." in text_of(answer.text)
    assert api.world.database.contact_proofs[contact.id].confirmed_at == api.world.clock.now()
    assert api.world.database.audit[-1].action == "user.confirm_drill"


async def test_a_link_that_has_expired_is_another_s_or_is_none_changes_nothing(api: Desk) -> None:
    contact_of(api, RESPONDER)
    notification = await drilled(api)
    expired = link(api, notification, hours=0)
    other = link(api, notification, user_id=PEOPLE[Role.ADMIN])

    for path, status in ((expired, 410), ("/d/nonsense", 410), (other, 404)):
        assert (await api.ask("POST", path, by=None)).status_code == status
    assert api.world.database.contact_proofs == {}


async def test_a_contact_that_is_gone_meanwhile_is_not_confirmed(api: Desk) -> None:
    contact_of(api, RESPONDER)
    path = link(api, await drilled(api))
    api.world.database.contacts.clear()

    assert (await api.ask("POST", path, by=None)).status_code == 404


async def test_drills_are_asked_for_by_role(api: Desk) -> None:
    assert (await api.ask("POST", f"/v1/users/{RESPONDER}/drill", by=Role.VIEWER)).status_code == 403
    answer = await api.ask("POST", f"/v1/users/{RESPONDER}/drill", by=Role.ADMIN)
    assert answer.json() == {"told_ids": [], "unreachable_ids": [str(RESPONDER)]}
    nobody = "0193a7f0-0000-7000-8000-000000000000"
    assert (await api.ask("POST", f"/v1/users/{nobody}/drill", by=Role.ADMIN)).status_code == 404
    for body, status in (({}, 404), ({"everyone": True}, 404), ({"everybody": True}, 422)):
        answer = await api.ask("POST", f"/v1/schedules/{nobody}/drill", by=Role.ADMIN, json=body)
        assert answer.status_code == status
