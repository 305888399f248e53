from collections.abc import Callable

import pytest

from tests.integration.cli.recorded import page
from tests.integration.cli.server import Answer, RecordedApi
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]

SHOP = {"id": "01a1dc80-f000-71c5-a9cc-a5e16f755701", "name": "shop"}
BANK = {"id": "01a1dc80-f000-71c5-a9cc-a5e16f755702", "name": "bank"}
MILL = {"id": "01a1dc80-f000-71c5-a9cc-a5e16f755703", "name": "mill"}
PATH = f"/v1/services/{SHOP['id']}/dependencies"
ON_BANK = {"service_id": BANK["id"], "service_name": "bank", "least_severity": "SEV1", "mutes": True}
SENT_BANK = {name: value for name, value in ON_BANK.items() if name != "service_name"}


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    operations = RememberedOperations()
    api.answers["GET /v1/services"] = Answer(200, page(SHOP, BANK, MILL))
    api.answers[f"GET {PATH}"] = Answer(200, {"dependencies": [ON_BANK], "version": 3})
    api.answers[f"PUT {PATH}"] = Answer(200, {"dependencies": [ON_BANK], "version": 4})
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")


def put(api: RecordedApi) -> object:
    (asked,) = [asked for asked in api.asked if asked.method == "PUT"]
    assert asked.headers["if-match"] == '"v3"'
    assert isinstance(asked.body, dict)
    return asked.body["dependencies"]


def test_what_a_service_needs_is_shown_from_both_ends(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tocsin("service", "dependencies", "shop") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["bank", "SEV1", "yes", BANK["id"]]
    on_shop = ON_BANK | {"service_id": SHOP["id"], "service_name": "shop", "mutes": False}
    api.answers[f"GET /v1/services/{BANK['id']}/dependents"] = Answer(200, page(on_shop))
    assert tocsin("service", "dependents", "bank") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["shop", "SEV1", "no", SHOP["id"]]


def test_one_more_that_is_needed_is_added_and_one_that_is_there_said_otherwise(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tocsin("service", "needs", "shop", "mill") == 0
    assert capsys.readouterr().err == "shop needs bank\n"  # as the server says that it is now
    assert put(api) == [SENT_BANK, {"service_id": MILL["id"], "least_severity": "SEV2", "mutes": False}]
    api.asked.clear()
    assert tocsin("service", "needs", "shop", "bank", "--from-severity", "SEV3", "--mutes") == 0
    assert put(api) == [{"service_id": BANK["id"], "least_severity": "SEV3", "mutes": True}]


def test_what_is_needed_no_more_is_taken_back(api: RecordedApi, tocsin: Tocsin) -> None:
    assert tocsin("service", "needs-not", "shop", "mill") != 0
    assert tocsin("service", "needs-not", "shop", "bank") == 0
    assert put(api) == []
