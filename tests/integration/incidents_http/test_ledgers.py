"""The ledger of an incident, taken away as lines."""

import csv
import io
import json

import httpx

from adapters.inbound.http.ledgers import _cell
from domain.identity.role import Role
from tests.integration.incidents_http.desk import Desk


async def ledger(api: Desk, number: int, query: str = "") -> httpx.Response:
    answer = await api.ask("GET", f"/v1/incidents/{number}/ledger{query}", by=Role.VIEWER)
    assert answer.status_code == 200, answer.text
    return answer


async def test_each_message_is_a_line_with_the_first_acknowledgement_after_it(api: Desk) -> None:
    incident = await api.stock.incident()
    pages = [await api.stock.page(incident, rule_position=number) for number in range(2)]
    await api.stock.acknowledged(incident)
    answer = await ledger(api, incident.number)
    assert answer.headers["content-type"] == "application/jsonl; charset=utf-8"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["id"] for line in lines] == [str(page.id) for page in pages]
    assert [line["rule"] for line in lines] == [1, 2]
    assert lines[0]["acknowledgement"]["by"]["name"] == "Ada"
    (delivery, _) = (await api.ask("GET", f"/v1/incidents/{incident.number}/deliveries")).json()["items"]
    assert delivery.items() <= lines[0].items()


async def test_as_csv_each_attempt_is_a_line_and_a_message_without_any_is_one_too(api: Desk) -> None:
    incident = await api.stock.incident()
    page = await api.stock.page(incident)
    answer = await ledger(api, incident.number, "?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    (row, *_) = csv.DictReader(io.StringIO(answer.text))
    assert (row["id"], row["channel"], row["address"]) == (str(page.id), page.channel, page.address)
    assert row["acknowledged_at"] == ""


async def test_a_long_ledger_comes_in_pages(api: Desk) -> None:
    incident = await api.stock.incident()
    pages = [await api.stock.page(incident, rule_position=number) for number in range(3)]
    first = await ledger(api, incident.number, "?limit=2")
    rest = await api.ask("GET", first.links["next"]["url"])
    ids = [json.loads(line)["id"] for line in (*first.text.splitlines(), *rest.text.splitlines())]
    assert ids == [str(page.id) for page in pages]
    assert "next" not in rest.links


async def test_there_is_no_ledger_of_an_incident_that_is_not_there(api: Desk) -> None:
    assert (await api.ask("GET", "/v1/incidents/INC-999/ledger")).status_code == 404


def test_a_spreadsheet_takes_nothing_for_a_formula() -> None:
    assert [_cell(text) for text in ("=1+1", "@cmd", "fine", None, True)] == ["'=1+1", "'@cmd", "fine", "", "true"]
