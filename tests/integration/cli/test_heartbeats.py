from collections.abc import Callable

import pytest

from tests.integration.cli.recorded import page
from tests.integration.cli.server import Answer, RecordedApi
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]

JOBS = {"id": "01a1dc80-f000-71c5-a9cc-a5e5550930aa", "name": "Jobs"}
BACKUP = {
    "id": "01a1dc80-f000-71c5-a9cc-a5e5550930bb",
    "integration_id": JOBS["id"],
    "name": "backup",
    "status": "up",
    "last_success_at": "2026-11-23T09:00:00Z",
    "next_deadline": "2026-11-23T10:05:00Z",
    "version": 3,
}
PATH = f"/v1/heartbeats/{BACKUP['id']}"
KEY = "hb_0123456789abcdef0123456789abcdef"


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    operations = RememberedOperations()
    api.answers["GET /v1/integrations"] = Answer(200, page(JOBS))
    api.answers["GET /v1/heartbeats"] = Answer(200, page(BACKUP))
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")


def test_the_list_names_the_integration(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin("heartbeat", "list") == 0
    assert "Jobs" in capsys.readouterr().out


def test_the_address_to_ping_is_shown_once(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["POST /v1/heartbeats"] = Answer(201, {"heartbeat": BACKUP, "key": KEY})
    options = ("--integration", "jobs", "--cron", "30 3 * * *", "--time-zone", "Europe/Berlin", "--post-only")
    assert tocsin("heartbeat", "create", "backup", *options) == 0
    assert api.asked[-1].body == {
        "integration_id": JOBS["id"],
        "name": "backup",
        "cron": "30 3 * * *",
        "time_zone": "Europe/Berlin",
        "grace_seconds": 300,
        "is_post_only": True,
    }
    assert capsys.readouterr().out == f"{api.url}/v1/heartbeats/{KEY}\n"


@pytest.mark.parametrize("expected", [(), ("--every-seconds", "60", "--cron", "* * * * *")])
def test_either_a_period_or_cron_is_needed(tocsin: Tocsin, expected: tuple[str, ...]) -> None:
    assert tocsin("heartbeat", "create", "backup", "--integration", "jobs", *expected) == 2


@pytest.mark.parametrize(("command", "is_paused"), [("pause", True), ("resume", False)])
def test_one_is_paused_and_resumed_as_it_was_read(
    api: RecordedApi, tocsin: Tocsin, command: str, is_paused: bool
) -> None:
    api.answers[f"PATCH {PATH}"] = Answer(200, BACKUP)
    assert tocsin("heartbeat", command, "backup") == 0
    assert (api.asked[-1].body, api.asked[-1].headers["if-match"]) == ({"is_paused": is_paused}, '"v3"')


def test_one_is_removed(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers[f"DELETE {PATH}"] = Answer(204, None)
    assert tocsin("heartbeat", "remove", "backup") == 0
    assert (api.asked[-1].method, api.asked[-1].path) == ("DELETE", PATH)
