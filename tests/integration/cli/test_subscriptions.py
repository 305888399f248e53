from typing import Any

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import TEAM, TEAM_ID, page
from tests.integration.cli.server import Answer, RecordedApi

ID = "01920000-0000-7000-8000-000000000001"
SUBSCRIPTION: dict[str, Any] = {
    "id": ID,
    "team_id": TEAM_ID,
    "name": "Chat",
    "kind": "webhook",
    "address": "https://hooks.example/",
    "event_kinds": ["incident.*"],
    "is_enabled": True,
    "disabled_reason": "",
    "version": 3,
}
DELIVERY: dict[str, Any] = {
    "id": ID,
    "webhook_id": "msg_1",
    "kind": "incident.triggered",
    "event_at": "2026-11-23T12:00:00Z",
    "status": "failed",
    "attempts": 2,
    "log": [{"detail": "answered 500"}],
}
PATH = f"/v1/subscriptions/{ID}"


@pytest.fixture(autouse=True)
def there(api: RecordedApi) -> None:
    api.answers[f"GET {PATH}"] = Answer(200, SUBSCRIPTION)
    api.answers["GET /v1/teams"] = Answer(200, page(TEAM))


def test_a_new_one_shows_its_secret_on_stdout_alone(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["POST /v1/subscriptions"] = Answer(201, {"subscription": SUBSCRIPTION, "secret": "whsec_x"})
    given = (
        "--kind",
        "webhook",
        "--address",
        "https://hooks.example/",
        "--team",
        TEAM["name"],
        "--event",
        "incident.*",
    )
    assert tocsin("subscription", "create", "Chat", *given) == 0
    assert capsys.readouterr().out == "whsec_x\n"
    assert api.asked[-1].body == {
        "name": "Chat",
        "kind": "webhook",
        "address": "https://hooks.example/",
        "event_kinds": ["incident.*"],
        "team_id": TEAM_ID,
    }


@pytest.mark.parametrize(
    ("arguments", "method", "path", "body"),
    [
        (("ping", ID), "POST", f"{PATH}/ping", None),
        (("delete", ID), "DELETE", PATH, None),
        (("enable", ID, "--skip-missed"), "PATCH", PATH, {"is_enabled": True, "skip_missed": True}),
        (("disable", ID), "PATCH", PATH, {"is_enabled": False}),
        (("rotate-secret", ID), "POST", f"{PATH}/rotate-secret", {"overlap_seconds": 86_400}),
        (("replay", ID, "--delivery", "d"), "POST", f"{PATH}/deliveries/d/replay", None),
        (
            ("replay", ID, "--since", "2026-11-23T10:00Z", "--until", "2026-11-23T11:00Z", "--only-failed"),
            "POST",
            f"{PATH}/replay",
            {"since": "2026-11-23T10:00:00+00:00", "until": "2026-11-23T11:00:00+00:00", "only_failed": True},
        ),
    ],
)
def test_each_verb_asks_for_it(
    api: RecordedApi, tocsin: Tocsin, arguments: tuple[str, ...], method: str, path: str, body: object
) -> None:
    answers = {"rotate-secret": {"subscription": SUBSCRIPTION, "secret": "whsec_x"}}
    answer = answers.get(arguments[0], {"count": 1, "next_since": None})
    api.answers[f"{method} {path}"] = Answer(200, answer)
    assert tocsin("subscription", *arguments) == 0
    assert (api.asked[-1].method, api.asked[-1].path, api.asked[-1].body) == (method, path, body)


def test_deliveries_are_listed_with_how_the_last_attempt_ended(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"GET {PATH}/deliveries"] = Answer(200, page(DELIVERY))
    assert tocsin("subscription", "deliveries", ID, "--status", "failed") == 0
    assert "answered 500" in capsys.readouterr().out
    assert api.asked[-1].path == f"{PATH}/deliveries?status=failed&limit=50"


def test_a_replay_needs_a_delivery_or_an_interval(tocsin: Tocsin) -> None:
    assert tocsin("subscription", "replay", ID) == 2
