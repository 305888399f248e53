"""Dependencies between services through the API."""

from typing import Any

import httpx

from domain.identity.role import Role
from domain.shared.limits import DEPENDENCIES
from tests.integration.http.test_configuration import make_service
from tests.integration.http.world import World

NOWHERE = "0193a7f0-0000-7000-8000-000000000000"


def path_of(service: dict[str, Any]) -> str:
    return f"/v1/services/{service['id']}/dependencies"


async def needs(
    api: World, service: dict[str, Any], *upstream: dict[str, Any], version: int = 1, by: Role = Role.MANAGER
) -> httpx.Response:
    body = {"dependencies": list(upstream)}
    return await api.ask("PUT", path_of(service), by=by, match=f'"v{version}"', json=body)


async def test_what_a_service_needs_is_said_read_and_listed_from_the_other_end(api: World) -> None:
    shop, bank = await make_service(api, "shop"), await make_service(api, "bank")
    empty = await api.ask("GET", path_of(shop), by=Role.VIEWER)
    assert (empty.json(), empty.headers["etag"]) == ({"dependencies": [], "version": 1}, '"v1"')

    said = await needs(api, shop, {"service_id": bank["id"], "mutes": True})
    assert said.status_code == 200, said.text
    shown = {"service_id": bank["id"], "service_name": "bank", "least_severity": "SEV2", "mutes": True}
    assert said.json() == {"dependencies": [shown], "version": 2}
    assert (await api.ask("GET", path_of(shop), by=Role.VIEWER)).json() == said.json()
    assert (await api.ask("GET", f"/v1/services/{shop['id']}")).headers["etag"] == said.headers["etag"] == '"v2"'

    listed = await api.ask("GET", f"/v1/services/{bank['id']}/dependents", by=Role.VIEWER)
    assert listed.json()["items"] == [shown | {"service_id": shop["id"], "service_name": "shop"}]
    assert (await api.ask("GET", f"/v1/services/{shop['id']}/dependents")).json()["items"] == []


async def test_a_circle_is_refused_with_its_way_and_what_is_wrong_by_its_place(api: World) -> None:
    shop, bank = await make_service(api, "shop"), await make_service(api, "bank")
    assert (await needs(api, shop, {"service_id": bank["id"]})).status_code == 200
    circle = await needs(api, bank, {"service_id": shop["id"]})
    assert circle.status_code == 422
    (error,) = circle.json()["errors"]
    assert error["pointer"] == "#/dependencies/0/service_id"
    assert "bank → shop → bank" in error["detail"]

    one = {"service_id": shop["id"]}
    for wrong, pointer in (
        ([{"service_id": NOWHERE}], "#/dependencies/0/service_id"),
        ([one, one], "#/dependencies/1/service_id"),
        ([{"service_id": bank["id"]}], "#/dependencies/0/service_id"),  # itself
        ([one | {"least_severity": "SEV9"}], "#/dependencies/0/least_severity"),
        ([one] * (DEPENDENCIES + 1), "#/dependencies"),
    ):
        answer = await needs(api, bank, *wrong)
        assert answer.status_code in {400, 422}, answer.text
        assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


async def test_a_change_needs_the_version_that_was_read_and_who_configures_the_team(api: World) -> None:
    shop = await make_service(api, "shop")
    assert (await needs(api, shop, version=7)).status_code == 412
    assert (await needs(api, shop, by=Role.RESPONDER)).status_code == 403
    assert (await api.ask("PUT", path_of(shop), json={"dependencies": []})).status_code == 428
    for path in ("dependencies", "dependents"):
        assert (await api.ask("GET", f"/v1/services/{NOWHERE}/{path}")).status_code == 404
