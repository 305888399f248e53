"""Nothing is open that was not opened on purpose."""

import re

import pytest
from litestar.routes import HTTPRoute

from adapters.inbound.http.app import CONFIGURATION, IDENTITY
from domain.identity.role import Role
from domain.shared.via import Via
from entrypoints.http_server import HANDLERS
from tests.integration.http.world import PEOPLE, World, world

# Who adds to this list says in the commit what lets in instead.
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/static/{digest}/{name}"),
    ("POST", "/v1/login"),
    ("POST", "/v1/sessions/refresh"),
    ("POST", "/v1/logout"),
    ("POST", "/v1/setup"),
}
TWILIOS = ("/twilio/sms", "/a/{token}/key", "/d/{token}/key", "/twilio/receipts/{notification_id}/{attempt}")
SIGNED = {
    *((method, path) for method in ("GET", "HEAD", "POST") for path in ("/a/{token}", "/d/{token}", "/setup/{secret}")),
    ("POST", "/slack/interactivity"),
    *(("POST", path) for path in TWILIOS),
    *((method, "/calendar/{file_name}") for method in ("GET", "HEAD")),  # the token of a feed, 128 bits
}
ID = "0193a7f0-0000-7000-8000-000000000000"


def routes(api: World) -> set[tuple[str, str]]:
    return {
        (str(method), route.path_format)
        for route in api.app.routes
        if isinstance(route, HTTPRoute)
        for method in route.route_handler_map
        if method != "OPTIONS"  # says which methods there are, and nothing else
    }


async def test_without_credentials_every_route_answers_401_unless_it_is_listed_as_open(api: World) -> None:
    answers = {}
    for method, path in sorted(routes(api)):
        answer = await api.ask(method, re.sub(r"\{[a-z_]+\}", ID, path), by=None, content=b"{}")
        answers[method, path] = answer
    refused = {place for place, answer in answers.items() if answer.status_code == 401}
    assert routes(api) - refused == OPEN
    for place in refused:
        assert answers[place].headers["www-authenticate"] == 'Bearer realm="tocsin"', place
        assert answers[place].json()["code"] == "unauthenticated"
    assert len(refused) > 2 * len([*CONFIGURATION, *IDENTITY])


async def test_of_the_whole_server_only_signed_links_and_signed_messages_are_open_too() -> None:
    others = [handler for handler in HANDLERS if handler not in (*CONFIGURATION, *IDENTITY)]
    async with world(*others) as server:
        closed = {
            (str(method), route.path_format)
            for route in server.app.routes
            if isinstance(route, HTTPRoute)
            for method, (handler, _) in route.route_handler_map.items()
            if not handler.opt.get("public") and method != "OPTIONS"
        }
        assert routes(server) - closed == OPEN | SIGNED
        for method, path in sorted(closed):
            answer = await server.ask(method, re.sub(r"\{[a-z_]+\}", ID, path), by=None, content=b"{}")
            assert answer.status_code == 401, path


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer tsk_nobody",
        "Bearer not.a.token",
        "Bearer \xff",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Bearer " + "x" * 5000,
    ],
)
async def test_a_credential_that_is_none_of_ours_answers_401(api: World, header: str) -> None:
    answer = await api.ask("GET", "/v1/users/me", by=None, headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_two_authorization_headers_are_as_good_as_none(api: World) -> None:
    twice = [("Authorization", "Bearer tsk_admin"), ("Authorization", "Bearer tsk_viewer")]
    assert (await api.client.get("/v1/users/me", headers=twice)).status_code == 401


async def test_the_scheme_may_be_written_in_any_case(api: World) -> None:
    answer = await api.ask("GET", "/v1/users/me", headers={"Authorization": "bEARER tsk_viewer"})
    assert answer.json()["id"] == str(PEOPLE[Role.VIEWER])


@pytest.mark.parametrize(("sent", "via"), [(None, Via.API), ("cli", Via.CLI), ("system", Via.API), ("slack", Via.API)])
async def test_only_the_cli_can_name_its_door(api: World, sent: str | None, via: Via) -> None:
    headers = {} if sent is None else {"X-Tocsin-Via": sent}
    answer = await api.ask("POST", "/v1/teams", json={"name": "Night"}, headers=headers)
    assert answer.status_code == 201
    (entry,) = api.database.audit
    assert (entry.via, entry.actor_id) == (via, PEOPLE[Role.ADMIN])
    assert entry.request_id == answer.headers["x-request-id"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER, Role.MANAGER])
async def test_what_a_role_does_not_permit_answers_403(api: World, role: Role) -> None:
    answer = await api.ask("POST", "/v1/teams", by=role, json={"name": "Night"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    assert len(api.database.teams) == 2


async def test_credentials_are_asked_for_before_a_body_is_judged(api: World) -> None:
    assert (await api.ask("POST", "/v1/teams", by=None, content=b"no json")).status_code == 401
