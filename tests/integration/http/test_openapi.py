"""The description says what the routes do, and the page that shows it loads nothing from elsewhere."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.routes import HTTPRoute

import adapters.inbound.http
from adapters.inbound.http.heartbeat_door import METHODS
from adapters.inbound.http.opsgenie import ACTIONS as OPSGENIE_ACTIONS
from adapters.inbound.http.senders import SENDERS
from tests.integration.http.world import World
from tests.support.doors import KEY, doors

STATIC = Path(adapters.inbound.http.__file__).parent / "static"
INTAKE = {
    "/v1/events",
    "/v2/enqueue",
    "/v2/change/enqueue",
    "/v2/alerts",
    "/v2/alerts/{identifier}",
    "/v2/alerts/requests/{request_id}",
    *(f"/v2/alerts/{{identifier}}/{action}" for _, action in OPSGENIE_ACTIONS),
    "/v1/heartbeats/hb_{heartbeat_key}",
    "/v1/heartbeats/hb_{heartbeat_key}/{signal}",
    "/integrations/{integration_key}/sns",
    *(f"/integrations/{{integration_key}}/{sender.name}{sender.appended}" for sender in SENDERS),
}
UNDESCRIBED = {"/openapi.json", "/docs", "/docs/static/{digest}/{name}"}

type Json = dict[str, Any]


@pytest.fixture
async def description(api: World) -> Json:
    answer = await api.ask("GET", "/openapi.json", by=None)
    assert answer.status_code == 200
    document: Json = answer.json()
    return document


def operations(description: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in description["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def references(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        if "$ref" in document:
            yield document["$ref"]
        for member in document.values():
            yield from references(member)
    elif isinstance(document, list):
        for member in document:
            yield from references(member)


async def test_every_route_is_described_and_everything_described_is_a_route(api: World, description: Json) -> None:
    routes = {
        (route.path_format, method.lower())
        for route in api.app.routes
        if isinstance(route, HTTPRoute) and route.path_format not in UNDESCRIBED
        for method in route.route_handler_map
        if method != "OPTIONS"
    }
    described = {(path, method) for path, method, _ in operations(description) if path not in INTAKE}
    assert described == routes
    assert description["paths"].keys() >= INTAKE
    assert description["openapi"].startswith("3.1")


async def test_every_door_is_described_with_each_of_its_methods_and_what_whoever_sends_too_much_hears(
    description: Json,
) -> None:
    doors = {path: item for path, item in description["paths"].items() if path in INTAKE}
    assert doors.keys() == INTAKE
    for sender in SENDERS:
        item = doors[f"/integrations/{{integration_key}}/{sender.name}{sender.appended}"]
        asked_first = set() if sender.handshake is None else {"OPTIONS"}
        assert {method.upper() for method in item} == sender.methods | asked_first
        for method in sender.methods:
            answers = item[method.lower()]["responses"]
            assert answers[str(int(sender.throttled))]["headers"].keys() == {"Retry-After"}
    for path, item in doors.items():
        for method, operation in item.items():
            refusals = {"404", "405", "503"} if "heartbeat_key" in path else {"401", "413", "503"}
            assert method == "options" or refusals <= operation["responses"].keys()


async def test_what_is_described_of_a_heartbeat_is_what_its_door_takes(description: Json) -> None:
    for path in ("/v1/heartbeats/hb_{heartbeat_key}", "/v1/heartbeats/hb_{heartbeat_key}/{signal}"):
        assert {method.upper() for method in description["paths"][path]} == set(METHODS)
    async with doors() as town:
        for signal in ("", "/start", "/success", "/fail", "/log", "/0", "/255"):
            for method in METHODS:
                answer = await town.ask(f"/v1/heartbeats/hb_{'0' * 32}{signal}", method=method)
                assert (answer.status_code, answer.text) in ((404, "no heartbeat has this key"), (404, ""))


async def test_the_handshake_of_cloudevents_is_answered_as_it_is_described(description: Json) -> None:
    (described,) = description["paths"]["/integrations/{integration_key}/cloudevents"]["options"]["responses"].values()
    async with doors() as town:
        answer = await town.ask(f"/integrations/{KEY}/cloudevents", method="OPTIONS")

    assert answer.status_code == 200
    assert {name.lower() for name in described["headers"]} <= answer.headers.keys()


async def test_every_reference_leads_somewhere(description: Json) -> None:
    places = {
        f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in description["components"][kind]
    }
    assert set(references(description)) <= places
    unused = {place for place in places if place not in set(references(description))}
    assert unused == set()


async def test_a_body_that_refuses_unknown_fields_says_so(description: Json) -> None:
    schemas = description["components"]["schemas"]
    asked = [
        reference.rpartition("/")[2]
        for _, _, operation in operations(description)
        for reference in references(operation.get("requestBody", {}))
    ]
    ours = {name for name in asked if name.endswith("Body")}
    assert len(ours) > 15
    assert [name for name in ours if schemas[name].get("additionalProperties") is not False] == []
    assert "additionalProperties" not in schemas["ServiceBody"], "a client must bear what a later version adds"
    assert schemas["CreateServiceBody"]["properties"]["name"]["maxLength"] == 120


async def test_every_operation_says_who_may_and_how_it_refuses(api: World, description: Json) -> None:
    assert description["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert description["security"] == [{"bearer": []}]
    for path, method, operation in operations(description):
        is_open = operation.get("security") == []
        if path not in INTAKE:
            answer = await api.ask(
                method.upper(), re.sub(r"\{\w+\}", "0193a7f0-0000-7000-8000-000000000000", path), by=None
            )
            assert is_open is (answer.status_code != 401), path
            assert answer.status_code in {int(code) for code in operation["responses"]}, (path, answer.status_code)
        refusals = {code for code, answer in operation["responses"].items() if code >= "400"}
        without_a_key = "404" if "heartbeat_key" in path else "401"
        assert method == "options" or {"400", without_a_key, "500", "503"} <= refusals
        if method in {"patch", "put"} and path not in INTAKE:
            assert {"404", "409", "412", "415", "422", "428"} <= refusals
            assert "If-Match" in [parameter["name"] for parameter in operation["parameters"]]


async def test_operations_have_names_of_their_own_and_a_sentence(description: Json) -> None:
    names = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)
    assert [path for path, _, operation in operations(description) if not operation["summary"].endswith(".")] == []


async def test_answers_have_the_schema_of_what_is_sent(description: Json) -> None:
    for path, method, operation in operations(description):
        for code, answer in operation["responses"].items():
            if code < "300":
                kinds = list(answer.get("content", {}))
                is_empty = code == "204" or path.endswith("/prometheus/api/v2/alerts") or method in {"head", "options"}
                is_text = path == "/metrics" or "heartbeat_key" in path
                assert kinds == ([] if is_empty else ["text/plain"] if is_text else ["application/json"]), path
                if kinds == ["application/json"]:
                    assert answer["content"]["application/json"]["schema"], path


async def test_a_list_describes_its_rows(description: Json) -> None:
    page = description["paths"]["/v1/services"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    schema = description["components"]["schemas"][page["$ref"].rpartition("/")[2]]
    assert schema["properties"]["items"]["items"] == {"$ref": "#/components/schemas/ServiceBody"}
    found = {each["name"]: each["schema"] for each in description["paths"]["/v1/services"]["get"]["parameters"]}
    assert set(found) == {"limit", "cursor", "name", "id", "team_id"}
    assert (found["limit"]["maximum"], found["limit"]["default"]) == (200, 50)
    assert (found["cursor"]["type"], found["team_id"]["format"], found["name"]["type"]) == ("string", "uuid", "string")


async def test_the_page_loads_its_own_files_and_runs_nothing_inline(api: World) -> None:
    page = await api.ask("GET", "/docs", by=None)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script>|<style|\son\w+=|https?://", page.text) == []
    loaded = re.findall(r'(?:src|href)="(/docs/static/[^"]+)"', page.text)
    assert len(loaded) == 4
    for path in loaded:
        answer = await api.ask("GET", path, by=None)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert hashlib.sha256(answer.content).hexdigest().startswith(path.split("/")[3])
        again = await api.ask("GET", path, by=None, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["0/swagger-ui.css", "x/vendor.lock.json", "x/docs.html", "x/..%2f..%2fapp.py", "x/%2e%2e", "..%2f/app.py"]
)
async def test_nothing_else_is_served(api: World, path: str) -> None:
    assert (await api.ask("GET", f"/docs/static/{path}", by=None)).status_code == 404


def test_the_vendored_files_are_those_of_the_lock() -> None:
    lock = json.loads((STATIC / "vendor.lock.json").read_bytes())
    locked = {name: file["sha256"] for package in lock["packages"] for name, file in package["files"].items()}
    ours = {"vendor.lock.json", "docs.html", "docs.js"}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in STATIC.iterdir()}
    assert {name: digest for name, digest in found.items() if name not in ours} == locked
    assert "LICENSE" in str(locked)
