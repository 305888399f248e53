import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.server import Answer, RecordedApi

PATH = "/v1/incidents/INC-7/ledger"


def test_a_ledger_is_printed_through_its_pages_with_one_head(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Answer(200, b"id,user\r\n1,Ada\r\n", {"Link": f'<{PATH}?format=csv&cursor=c>; rel="next"'})
    last = Answer(200, b"id,user\r\n2,Ben\r\n", {"Link": f'<{PATH}?format=csv>; rel="first"'})
    api.answers[f"GET {PATH}"] = [first, last]
    assert tocsin("incident", "ledger", "INC-7", "--format", "csv") == 0
    assert [each.path for each in api.asked] == [f"{PATH}?format=csv", f"{PATH}?format=csv&cursor=c"]
    assert capsys.readouterr().out.splitlines() == ["id,user", "1,Ada", "2,Ben"]


def test_json_lines_are_printed_as_they_are(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"GET {PATH}"] = Answer(200, b'{"id":1}\n{"id":2}\n')
    assert tocsin("incident", "ledger", "INC-7") == 0
    assert capsys.readouterr().out == '{"id":1}\n{"id":2}\n'
    assert tocsin("incident", "ledger", "INC-8") == 3
