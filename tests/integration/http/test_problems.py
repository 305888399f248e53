"""What is wrong is said as RFC 9457 wants it, with every wrong field named."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from litestar import get
from litestar.exceptions import InternalServerException
from litestar.params import FromPath
from structlog.typing import EventDict

from adapters.inbound.http.auth import PUBLIC
from application.errors import RateLimitedError
from application.ports.errors import PermanentPortError, TransientPortError
from domain.identity.role import Role
from domain.shared.errors import IllegalTransitionError
from tests.integration.http.world import TEAM, World, world

SECRET = "password=hunter2"


@get("/raise/{name:str}", opt=PUBLIC)
async def raise_it(name: FromPath[str]) -> None:
    errors: dict[str, Exception] = {
        "bug": RuntimeError(SECRET),
        "framework": InternalServerException(SECRET),
        "transient": TransientPortError(SECRET, retry_after=timedelta(seconds=2.5)),
        "permanent": PermanentPortError(SECRET),
        "limited": RateLimitedError(timedelta(milliseconds=10)),
        "state": IllegalTransitionError("incident", "resolved", "acknowledged"),
    }
    raise errors[name]


@pytest.fixture
async def raising() -> AsyncIterator[World]:
    async with world(raise_it) as made:
        yield made


async def test_a_bug_answers_500_without_detail_and_is_logged_once(raising: World, logs: list[EventDict]) -> None:
    for name in ("bug", "framework"):
        logs.clear()
        answer = await raising.ask("GET", f"/raise/{name}", by=None)
        assert answer.status_code == 500
        assert "hunter2" not in answer.text
        assert answer.json()["code"] == "internal_error"
        (failed,) = [line for line in logs if line["event"] == "http_request_failed"]
        assert failed["request_id"] == answer.headers["x-request-id"] == answer.json()["request_id"]
        assert SECRET in str(failed["exc_info"])


@pytest.mark.parametrize(
    ("name", "status", "code", "retry_after"),
    [
        ("transient", 503, "unavailable", "3"),
        ("permanent", 502, "bad_gateway", None),
        ("limited", 429, "rate_limited", "1"),
        ("state", 409, "illegal_transition", None),
    ],
)
async def test_an_error_of_the_core_has_its_status_and_when_to_try_again(
    raising: World, name: str, status: int, code: str, retry_after: str | None
) -> None:
    answer = await raising.ask("GET", f"/raise/{name}", by=None)
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert "hunter2" not in answer.text
    assert problem == {
        "type": f"urn:tocsin:problem:{code}",
        "title": problem["title"],
        "status": status,
        "detail": problem["detail"],
        "instance": f"urn:tocsin:request:{answer.headers['x-request-id']}",
        "code": code,
        "request_id": answer.headers["x-request-id"],
    }


async def test_a_path_that_nobody_serves_answers_404(api: World) -> None:
    answer = await api.ask("GET", "/v1/nothing/secret-in-the-path")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "secret-in-the-path" not in answer.text


async def test_an_id_that_is_none_answers_404(api: World) -> None:
    assert (await api.ask("GET", "/v1/teams/not-an-id")).status_code == 404


async def test_another_method_answers_405_and_says_which_are_possible(api: World) -> None:
    answer = await api.ask("DELETE", f"/v1/teams/{TEAM}")
    assert answer.status_code == 405
    assert {each.strip() for each in answer.headers["allow"].split(",")} == {"GET", "PATCH", "OPTIONS"}


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "A",}', b"\xff\xfe", b"[" * 100_000, b'{"name": NaN}'])
async def test_a_body_that_is_no_json_answers_400(api: World, body: bytes) -> None:
    answer = await api.ask("POST", "/v1/teams", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


async def test_a_body_of_another_kind_answers_415(api: World) -> None:
    answer = await api.ask("POST", "/v1/teams", data={"name": "Night"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_every_wrong_field_is_named_at_once(api: World) -> None:
    body: dict[str, Any] = {"team_id": 7, "policy_id": "x", "description": "d" * 4001, "role": "admin"}
    answer = await api.ask("POST", "/v1/services", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    found = {each["pointer"]: each["code"] for each in answer.json()["errors"]}
    assert found == {
        "#/role": "unknown_field",
        "#/team_id": "invalid_value",
        "#/policy_id": "invalid_value",
        "#/name": "required",
        "#/description": "invalid_value",
    }


@pytest.mark.parametrize("wrong", ["1", 1.5, True, None, {}])
async def test_a_number_is_a_number(api: World, wrong: object) -> None:
    answer = await api.ask(
        "POST", "/v1/policies", json={"team_id": str(TEAM), "name": "P", "steps": [], "repeats": wrong}
    )
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["errors"]} == {"#/steps", "#/repeats"}


async def test_a_nul_character_is_refused_where_it_stands(api: World) -> None:
    answer = await api.ask("POST", "/v1/teams", json={"name": "N\0ight"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"code": "invalid_value", "detail": "must not have a NUL character", "pointer": "#/name"}
    ]


async def test_a_rule_of_a_deep_field_points_there(api: World) -> None:
    window = {"starts_on": "monday", "starts_at": "09:00:00.5", "ends_on": "friday", "ends_at": "17:00:00"}
    user = "00000000-0000-0000-0000-000000000001"
    rotation = {"unit": "week", "starts_at_local": "2026-01-05T09:00:00", "participants": [[user]]}
    layers = [{"rotation": rotation}, {"rotation": rotation, "restrictions": [window]}]
    answer = await api.ask(
        "POST", "/v1/schedules", json={"team_id": str(TEAM), "name": "S", "time_zone": "UTC", "layers": layers}
    )
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["#/layers/1/restrictions/0/starts_at"]
    layers = [{"rotation": rotation}, {"rotation": rotation | {"participants": [[user], [user, user]]}}]
    answer = await api.ask(
        "POST", "/v1/schedules", json={"team_id": str(TEAM), "name": "S", "time_zone": "UTC", "layers": layers}
    )
    assert [each["pointer"] for each in answer.json()["errors"]] == ["#/layers/1/rotation/participants/1"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("limit=0", "limit"), ("limit=201", "limit"), ("limit=many", "limit"), ("team_id=7", "team_id")],
)
async def test_a_wrong_parameter_is_named(api: World, query: str, parameter: str) -> None:
    answer = await api.ask("GET", f"/v1/services?{query}")
    assert answer.status_code == 422
    assert [each["parameter"] for each in answer.json()["errors"]] == [parameter]


async def test_a_body_beyond_the_limit_answers_413(api: World) -> None:
    too_long: dict[str, Any] = {"content": b" " * (1024 * 1024 + 1), "headers": {"Content-Type": "application/json"}}
    answer = await api.ask("POST", "/v1/teams", **too_long)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_long")
    assert (await api.ask("POST", "/v1/teams", by=None, **too_long)).status_code == 401


async def test_who_may_not_see_learns_nothing_by_what_is_wrong(api: World) -> None:
    answer = await api.ask("POST", "/v1/users", by=Role.VIEWER, json={"email": "a@b.c", "name": "A", "role": "viewer"})
    assert answer.status_code == 403
