"""Users, teams, keys and sessions through the API."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from adapters.inbound.http.attempts import QUOTA
from domain.identity.role import Role
from domain.notification.contact import Channel
from domain.shared.ids import UserId
from domain.shared.limits import PAGE_LIMIT
from tests.integration.http.world import PEOPLE, START, TEAM, World
from tests.support.builders import ADA, a_contact

PASSWORD = "correct horse battery staple"


async def let_in(
    api: World, role: str = "responder", email: str = "new@example.org"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A new user who has chosen a password, and their tokens."""
    given = {"email": email, "name": "New", "role": role, "time_zone": "Europe/Berlin"}
    made = await api.ask("POST", "/v1/users", json=given)
    assert made.status_code == 201, made.text
    user: dict[str, Any] = made.json()["user"]
    assert made.headers["location"] == f"/v1/users/{user['id']}"
    setup = {"setup_secret": made.json()["setup_secret"], "new_password": PASSWORD}
    done = await api.ask("POST", "/v1/setup", by=None, json=setup)
    assert done.status_code == 200, done.text
    assert (await api.ask("POST", "/v1/setup", by=None, json=setup)).status_code == 401
    return user, done.json()


def bearer(tokens: dict[str, Any]) -> dict[str, Any]:
    return {"by": None, "headers": {"Authorization": f"Bearer {tokens['access_token']}"}}


async def test_a_new_user_chooses_a_password_logs_in_and_out(api: World) -> None:
    user, first = await let_in(api)
    assert (await api.ask("GET", "/v1/users/me", **bearer(first))).json() == user | {"version": 2}
    log_in = await api.ask("POST", "/v1/login", by=None, json={"email": "NEW@example.org", "password": PASSWORD})
    assert log_in.status_code == 200
    assert log_in.headers["cache-control"] == "no-store"
    tokens = log_in.json()
    assert (tokens["token_type"], tokens["expires_in"] > 0) == ("Bearer", True)
    out = await api.ask("POST", "/v1/logout", by=None, json={"refresh_token": tokens["refresh_token"]})
    assert (out.status_code, out.content) == (204, b"")
    api.clock.move_to(START + timedelta(seconds=2))  # what was known of the session is good for a second
    assert (await api.ask("GET", "/v1/users/me", **bearer(tokens))).status_code == 401
    assert (await api.ask("GET", "/v1/users/me", **bearer(first))).status_code == 200
    assert (await api.ask("POST", "/v1/logout", by=None, json={"refresh_token": "nobody's"})).status_code == 204


async def test_a_refresh_token_is_traded_and_the_old_one_ends_the_session(api: World) -> None:
    _, tokens = await let_in(api)
    old = {"refresh_token": tokens["refresh_token"]}
    api.clock.move_to(START + timedelta(minutes=5))
    new = await api.ask("POST", "/v1/sessions/refresh", by=None, json=old)
    assert new.status_code == 200
    assert new.json()["refresh_token"] != tokens["refresh_token"]
    api.clock.move_to(START + timedelta(minutes=10))
    assert (await api.ask("POST", "/v1/sessions/refresh", by=None, json=old)).status_code == 401
    after_theft = {"refresh_token": new.json()["refresh_token"]}
    assert (await api.ask("POST", "/v1/sessions/refresh", by=None, json=after_theft)).status_code == 401
    assert (await api.ask("GET", "/v1/users/me", **bearer(tokens))).status_code == 401


async def test_a_refresh_token_is_no_access_token(api: World) -> None:
    _, tokens = await let_in(api)
    swapped = {"access_token": tokens["refresh_token"]}
    assert (await api.ask("GET", "/v1/users/me", **bearer(swapped))).status_code == 401


async def test_a_guesser_is_told_to_wait(api: World) -> None:
    await let_in(api)
    api.clock.move_to(START + timedelta(minutes=5))
    guess = {"email": "new@example.org", "password": "guess"}
    answers = [await api.ask("POST", "/v1/login", by=None, json=guess) for _ in range(QUOTA.burst + 1)]
    assert [answer.status_code for answer in answers] == [401] * QUOTA.burst + [429]
    assert answers[-1].headers["retry-after"] == str(int(QUOTA.refill.total_seconds()))
    assert answers[0].json()["detail"] == (await _unknown_user(api)), "the answer must not tell who has an account"


async def _unknown_user(api: World) -> str:
    api.clock.move_to(api.clock.now() + timedelta(minutes=5))
    answer = await api.ask("POST", "/v1/login", by=None, json={"email": "x@example.org", "password": "guess"})
    detail: str = answer.json()["detail"]
    return detail


async def test_a_user_is_changed_by_an_admin_and_null_unlinks_slack(api: World) -> None:
    path = f"/v1/users/{PEOPLE[Role.RESPONDER]}"
    linked = await api.ask("PATCH", path, match='"v1"', json={"slack_user_id": "U123", "name": "Ann"})
    assert (linked.json()["slack_user_id"], linked.json()["name"]) == ("U123", "Ann")
    kept = await api.ask("PATCH", path, match='"v2"', json={"role": "manager"})
    assert (kept.json()["slack_user_id"], kept.json()["role"]) == ("U123", "manager")
    unlinked = await api.ask("PATCH", path, match='"v3"', json={"slack_user_id": None})
    assert unlinked.json()["slack_user_id"] is None
    assert (await api.ask("PATCH", path, match='"v4"', json={"password_hash": "x"})).status_code == 422
    assert (await api.ask("PATCH", path, json={"name": "Ann"})).status_code == 428
    assert (await api.ask("PATCH", path, by=Role.MANAGER, match='"v4"', json={"role": "admin"})).status_code == 403


async def test_the_last_admin_stays(api: World) -> None:
    answer = await api.ask("PATCH", f"/v1/users/{PEOPLE[Role.ADMIN]}", match='"v1"', json={"role": "viewer"})
    assert answer.status_code == 409


async def test_users_are_listed_without_anything_secret(api: World) -> None:
    await let_in(api)
    answer = await api.ask("GET", "/v1/users", by=Role.VIEWER)
    assert [user["name"] for user in answer.json()["items"]] == ["Admin", "Manager", "New", "Responder", "Viewer"]
    assert "hash" not in answer.text


async def test_a_user_says_where_and_in_which_order_they_are_reached(api: World) -> None:
    user, tokens = await let_in(api)
    path = f"/v1/users/{user['id']}/notification-rules"
    empty = await api.ask("GET", path, by=Role.VIEWER)
    assert empty.json() == {"contacts": [], "rules": [], "quiet_hours": None}
    given = {
        "contacts": [{"channel": "email", "address": "ann@example.org"}, {"channel": "slack", "address": "U123"}],
        "rules": [
            {"urgency": "high", "contact": 1, "delay_seconds": 0},
            {"urgency": "high", "contact": 0, "delay_seconds": 60},
            {"urgency": "low", "contact": 0, "delay_seconds": 0},
        ],
        "quiet_hours": {"starts": "22:00:00", "ends": "07:00:00"},
    }
    assert (await api.ask("PUT", path, json=given)).status_code == 428
    put = await api.ask("PUT", path, match=empty.headers["etag"], json=given, **bearer(tokens))
    assert put.status_code == 200, put.text
    assert put.json()["rules"] == given["rules"]
    assert put.json()["quiet_hours"] == given["quiet_hours"]
    assert [contact["address"] for contact in put.json()["contacts"]] == ["ann@example.org", "U123"]
    read = await api.ask("GET", path)
    assert (read.json(), read.headers["etag"]) == (put.json(), put.headers["etag"])
    assert (await api.ask("PUT", path, match=empty.headers["etag"], json=given)).status_code == 412
    again = await api.ask("PUT", path, match=read.headers["etag"], json=given)
    assert again.json() == put.json(), "a contact that stays keeps its id"
    others = await api.ask("PUT", path, by=Role.MANAGER, match=read.headers["etag"], json=given)
    assert others.status_code == 403
    wrong = given | {"rules": [{"urgency": "high", "contact": 2, "delay_seconds": 0}]}
    refused = await api.ask("PUT", path, match=read.headers["etag"], json=wrong)
    assert refused.json()["errors"][0]["pointer"] == "#/rules"


async def test_a_webhooks_secret_is_shown_once_and_to_its_owner_alone(api: World) -> None:
    user, tokens = await let_in(api)
    path = f"/v1/users/{user['id']}/notification-rules"
    empty = await api.ask("GET", path)
    given = {"contacts": [{"channel": "webhook", "address": "https://hooks.example.test/ann"}], "rules": []}
    put = await api.ask("PUT", path, match=empty.headers["etag"], json=given, **bearer(tokens))
    [contact] = put.json()["contacts"]
    assert "whsec_" not in put.text
    rotate = f"/v1/users/{user['id']}/contacts/{contact['id']}/secret"
    assert (await api.ask("POST", rotate, by=Role.MANAGER)).status_code == 403
    shown = await api.ask("POST", rotate, **bearer(tokens))
    assert (shown.status_code, shown.json()["secret"][:6]) == (200, "whsec_")
    assert "whsec_" not in (await api.ask("GET", path)).text
    unknown = f"/v1/users/{user['id']}/contacts/{user['id']}/secret"
    assert (await api.ask("POST", unknown, **bearer(tokens))).status_code == 404


async def test_a_contact_is_verified_by_the_code_that_it_was_sent(api: World) -> None:
    user, tokens = await let_in(api)
    path = f"/v1/users/{user['id']}"
    empty = await api.ask("GET", f"{path}/notification-rules")
    given = {"contacts": [{"channel": "ntfy", "address": "ann-pages"}], "rules": []}
    put = await api.ask("PUT", f"{path}/notification-rules", match=empty.headers["etag"], json=given, **bearer(tokens))
    [contact] = put.json()["contacts"]
    assert contact["verified_at"] is None
    own = f"{path}/contacts/{contact['id']}"
    asked = await api.ask("POST", f"{own}/verification", **bearer(tokens))
    assert (asked.status_code, asked.json()) == (202, {"expires_at": "2026-11-23T09:15:00Z"})
    again = await api.ask("POST", f"{own}/verification", **bearer(tokens))
    assert (again.status_code, again.headers["retry-after"]) == (429, "60")
    ((_, code),) = api.codes
    wrong = await api.ask("POST", f"{own}/confirm", json={"code": "no code"}, **bearer(tokens))
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "#/code")
    confirmed = await api.ask("POST", f"{own}/confirm", json={"code": code}, **bearer(tokens))
    assert (confirmed.status_code, confirmed.json()) == (200, contact | {"verified_at": "2026-11-23T09:00:00Z"})
    assert (await api.ask("POST", f"{own}/verification", **bearer(tokens))).status_code == 409
    assert (await api.ask("POST", f"{own}/verification", by=Role.MANAGER)).status_code == 403


async def test_a_password_is_changed_by_whoever_knows_the_old_one(api: World) -> None:
    _, tokens = await let_in(api)
    change = {"old": "not it", "new": "another long password"}
    assert (await api.ask("POST", "/v1/users/me/password", json=change, **bearer(tokens))).status_code == 403
    change["old"] = PASSWORD
    new = await api.ask("POST", "/v1/users/me/password", json=change, **bearer(tokens))
    assert new.status_code == 200
    api.clock.move_to(START + timedelta(seconds=2))
    assert (await api.ask("GET", "/v1/users/me", **bearer(tokens))).status_code == 401
    assert (await api.ask("GET", "/v1/users/me", **bearer(new.json()))).status_code == 200
    with_a_key = await api.ask("POST", "/v1/users/me/password", by=Role.VIEWER, json=change)
    assert with_a_key.status_code == 403


async def test_an_admin_gives_a_new_setup_link(api: World) -> None:
    user, _ = await let_in(api)
    path = f"/v1/users/{user['id']}/setup-link"
    assert (await api.ask("POST", path, by=Role.MANAGER)).status_code == 403
    secret = (await api.ask("POST", path)).json()["setup_secret"]
    setup = {"setup_secret": secret, "new_password": "short"}
    weak = await api.ask("POST", "/v1/setup", by=None, json=setup)
    assert weak.status_code == 422, "and the link stays good"
    assert (await api.ask("POST", "/v1/setup", by=None, json=setup | {"new_password": PASSWORD})).status_code == 200


async def test_what_is_named_is_found_by_its_name_whatever_the_case_and_many_by_their_ids(api: World) -> None:
    ids = [
        (await api.ask("POST", "/v1/teams", json={"name": name})).json()["id"] for name in ("Night", "Nights", "Day")
    ]

    async def found(query: str) -> list[str]:
        return [each["id"] for each in (await api.ask("GET", f"/v1/teams?{query}")).json()["items"]]

    assert await found("name=nIGHT") == [ids[0]]
    assert await found("name=Nigh") == []
    assert await found(f"id={ids[1]}&id={ids[2]}") == [ids[2], ids[1]]
    me = (await api.ask("GET", "/v1/users/me")).json()
    (listed,) = (await api.ask("GET", f"/v1/users?name={me['email'].upper()}")).json()["items"]
    assert (await api.ask("GET", "/v1/users?name=a%00b")).status_code == 422
    assert listed["id"] == me["id"]
    too_many = "&".join(f"id={UUID(int=number)}" for number in range(PAGE_LIMIT + 1))
    assert (await api.ask("GET", f"/v1/teams?{too_many}")).status_code == 422


async def test_a_team_gets_and_loses_members(api: World) -> None:
    made = await api.ask("POST", "/v1/teams", json={"name": "Night", "member_ids": [str(PEOPLE[Role.RESPONDER])]})
    team = made.json()
    path = f"/v1/teams/{team['id']}"
    assert made.headers["location"] == path
    changed = await api.ask("PATCH", path, match='"v1"', json={"member_ids": []})
    assert changed.json() == team | {"member_ids": [], "version": 2}
    assert (await api.ask("GET", path, by=Role.VIEWER)).json() == changed.json()
    listed = (await api.ask("GET", "/v1/teams?limit=1")).json()
    assert ([each["name"] for each in listed["items"]], listed["has_more"]) == (["Night"], True)


async def test_an_api_key_works_within_its_scopes_until_it_is_revoked(api: World) -> None:
    made = await api.ask("POST", "/v1/api-keys", json={"name": "Bot", "scopes": ["read"], "expires_in_days": 1})
    assert made.status_code == 201
    key, secret = made.json()["key"], made.json()["secret"]
    assert key["expires_at"] == "2026-11-24T09:00:00Z"
    use: dict[str, Any] = {"by": None, "headers": {"Authorization": f"Bearer {secret}"}}
    assert (await api.ask("GET", "/v1/teams", **use)).status_code == 200
    assert (await api.ask("POST", "/v1/teams", json={"name": "Night"}, **use)).status_code == 403
    listed = await api.ask("GET", "/v1/api-keys")
    assert key in listed.json()["items"]
    assert secret not in listed.text
    assert (await api.ask("GET", "/v1/api-keys", by=Role.MANAGER)).status_code == 403
    revoked = await api.ask("POST", f"/v1/api-keys/{key['id']}/revoke")
    assert revoked.json()["revoked_at"] == "2026-11-23T09:00:00Z"
    api.clock.move_to(START + timedelta(seconds=2))
    assert (await api.ask("GET", "/v1/teams", **use)).status_code == 401


async def test_the_readiness_of_a_team_says_what_was_found(api: World) -> None:
    answer = await api.ask("GET", f"/v1/teams/{TEAM}/readiness", by=Role.VIEWER)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["team_id"], body["is_ready"]) == (str(TEAM), False)
    (member,) = body["members"]
    assert member == {
        "user_id": str(PEOPLE[Role.MANAGER]),
        "name": "Manager",
        "is_ready": False,
        "contacts": [],
        "rules": {"high": 0, "low": 0},
        "findings": [{"finding": "no_contact", "explanation": "has no contact", "contact_id": None}],
    }


async def test_a_user_says_which_notices_of_their_shifts_they_want(api: World) -> None:
    user, tokens = await let_in(api)
    path = f"/v1/users/{user['id']}/shift-notices"
    everything = {"ahead": True, "started": True, "ended": True}
    assert (await api.ask("GET", path, by=Role.VIEWER)).json() == everything

    changed = await api.ask("PATCH", path, **bearer(tokens), json={"ahead": False, "ended": False})
    assert changed.json() == {"ahead": False, "started": True, "ended": False}
    again = await api.ask("PATCH", path, by=Role.ADMIN, json={"ended": True})
    assert again.json() == (await api.ask("GET", path)).json() == everything | {"ahead": False}
    assert (await api.ask("PATCH", path, by=Role.ADMIN, json={})).json() == again.json()
    entries = [entry for entry in api.database.audit if entry.action == "user.set_shift_wishes"]
    assert [entry.after for entry in entries] == [
        {"ahead": False, "started": True, "ended": False},
        {"ahead": False, "started": True, "ended": True},
    ]


async def test_which_notices_somebody_wants_is_for_nobody_else_to_say(api: World) -> None:
    user, _ = await let_in(api)
    for by in (Role.VIEWER, Role.RESPONDER, Role.MANAGER):
        refused = await api.ask("PATCH", f"/v1/users/{user['id']}/shift-notices", by=by, json={"ahead": False})
        assert refused.status_code == 403
    nobody = "/v1/users/0193a7f0-0000-7000-8000-000000000000/shift-notices"
    assert (await api.ask("GET", nobody)).status_code == 404
    assert (await api.ask("PATCH", nobody, json={"ahead": False})).status_code == 404
    wrong = await api.ask("PATCH", f"/v1/users/{user['id']}/shift-notices", json={"aheda": False})
    assert wrong.status_code == 422


async def test_a_contact_that_nothing_can_reach_is_shown_as_such_and_cannot_be_given(api: World) -> None:
    user, tokens = await let_in(api)
    key = UserId(UUID(user["id"]))
    broken = replace(a_contact(ADA, Channel.SLACK), user_id=key, address="#ops")
    sound = replace(a_contact(ADA), user_id=key)
    api.database.contacts[key] = (broken, sound)
    path = f"/v1/users/{key}/notification-rules"
    read = await api.ask("GET", path)
    faults = {each["address"]: each["fault"] for each in read.json()["contacts"]}
    assert faults[sound.address] is None
    assert faults["#ops"].startswith("is not a Slack id, such as U0123ABC")

    given = {"contacts": [{"channel": "slack", "address": "#ops"}], "rules": []}
    put = await api.ask("PUT", path, match=read.headers["etag"], json=given, **bearer(tokens))
    assert (put.status_code, put.json()["errors"][0]["pointer"]) == (422, "#/address")
