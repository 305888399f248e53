import json

import pytest

from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import ACKNOWLEDGED, page
from tests.integration.cli.server import Answer, RecordedApi

PATH = "/v1/incidents/INC-15/explanation"
LINK = {"kind": "triggered", "at": "2026-11-23T12:00:00Z", "text": "The sender triggered SEV3: weight"}
RULE = {"kind": "rule", "at": "2026-11-23T12:00:01Z", "text": "Their rule 1 says slack to UMIRA, at once"}
PAGED = {
    "incident": ACKNOWLEDGED,
    "user": {"id": "1", "name": "Mira Yilmaz"},
    "was_paged": True,
    "because": [LINK],
    "pages": [{"delivery": {"channel": "slack", "address": "UMIRA", "status": "sent"}, "because": [RULE]}],
    "has_more": True,
    "why_not": None,
}
NOT_PAGED = PAGED | {
    "was_paged": False,
    "pages": [],
    "has_more": False,
    "why_not": {"reason": "answered", "text": "Ada acknowledged before the step 2 of round 1 was reached"},
}


def test_an_explanation_is_printed_page_by_page(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"GET {PATH}"] = Answer(200, PAGED)
    assert tocsin("incident", "explain", "INC-15") == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Mira Yilmaz was paged for INC-15")
    assert captured.out.index(LINK["text"]) < captured.out.index("Page by slack to UMIRA: sent")
    assert captured.out.index("Page by slack") < captured.out.index(RULE["text"])
    assert captured.err == "there are more pages: tocsin incident ledger INC-15\n"
    assert api.asked[0].path == PATH


def test_why_somebody_else_was_not_paged(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    mira = {"id": "11111111-1111-1111-1111-111111111111", "name": "Mira Yilmaz", "email": "mira@example.com"}
    api.answers["GET /v1/users"] = Answer(200, page(mira))
    api.answers[f"GET {PATH}"] = Answer(200, NOT_PAGED)
    assert tocsin("incident", "explain", "INC-15", "--user", "mira@example.com") == 0
    out = capsys.readouterr().out
    assert "Mira Yilmaz was not paged" in out
    assert "Why not: Ada acknowledged before" in out
    assert api.asked[-1].path == f"{PATH}?user={mira['id']}"
    assert tocsin("incident", "explain", "INC-15", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out) == NOT_PAGED
