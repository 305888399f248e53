import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cli.recorded import page
from tests.integration.cli.server import Answer, RecordedApi
from tests.unit.cli.operations import RememberedOperations

type Tocsin = Callable[..., int]

SENTRY = {"id": "01a1dc80-f000-71c5-a9cc-a5e5550930aa", "name": "Sentry", "version": 3}
PATH = f"/v1/integrations/{SENTRY['id']}"


@pytest.fixture
def tocsin(api: RecordedApi) -> Tocsin:
    operations = RememberedOperations()
    api.answers["GET /v1/integrations"] = Answer(200, page(SENTRY))
    return lambda *arguments: operations.tocsin(*arguments, TOCSIN_URL=api.url, TOCSIN_TOKEN="tsk_1")


MADE = {
    "integration": SENTRY | {"name": "Alarms"},
    "key": "a-key",
    "url": "https://tocsin.example/integrations/a-key/sns",
    "snippets": [{"title": "Subscribe", "text": "aws sns subscribe"}],
}


def test_a_new_one_says_whose_topics_are_believed_and_what_becomes_of_silent_alerts(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/services"] = Answer(200, page({"id": "service-1", "name": "Shop"}))
    api.answers["POST /v1/integrations"] = Answer(201, MADE)
    topics = ["arn:aws:sns:eu-west-1:210987654321:alarms", "arn:aws:sns:eu-west-1:210987654321:others"]
    given = ("--when-silent", "resolve", "--topic-arn", topics[0], "--topic-arn", topics[1])
    assert tocsin("integration", "create", "Alarms", "--service", "shop", "--kind", "cloudwatch", *given) == 0
    assert api.asked[-1].body == {
        "name": "Alarms",
        "kind": "cloudwatch",
        "service_id": "service-1",
        "grouping": "per_alert",
        "group_window": None,
        "is_strict": False,
        "when_silent": "resolve",
        "topic_arns": topics,
    }
    assert capsys.readouterr().out == "a-key\n\n# Subscribe\naws sns subscribe\n"


def test_a_new_one_without_more_keeps_silent_alerts_and_believes_no_topic(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/services"] = Answer(200, page({"id": "service-1", "name": "Shop"}))
    api.answers["POST /v1/integrations"] = Answer(201, MADE)
    given = ("--service", "Shop", "--kind", "native", "-o", "json")
    assert tocsin("integration", "create", "Alarms", *given) == 0
    body = api.asked[-1].body
    assert (body["when_silent"], body["topic_arns"], body["is_strict"]) == ("keep", [], False)
    assert json.loads(capsys.readouterr().out) == MADE


def test_a_new_key_is_shown_once(api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers[f"POST {PATH}/rotate-key"] = Answer(200, {"integration": SENTRY, "key": "a-new-key"})
    assert tocsin("integration", "rotate-key", "sentry", "--overlap-hours", "2") == 0
    assert api.asked[-1].body == {"overlap_seconds": 7200}
    assert capsys.readouterr().out == "a-new-key\n"


def test_a_signing_secret_comes_from_a_file(
    api: RecordedApi, tocsin: Tocsin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"PUT {PATH}/signing-secret"] = Answer(200, SENTRY)
    secret = tmp_path / "secret"
    secret.write_text(" spaces count \n")
    assert tocsin("integration", "sign", "Sentry", "--secret-file", str(secret)) == 0
    assert api.asked[-1].body == {"secret": " spaces count ", "overlap_seconds": 86400}
    assert "spaces count" not in "".join(capsys.readouterr())


def test_a_file_that_is_not_there_is_an_error_of_usage(tocsin: Tocsin, tmp_path: Path) -> None:
    assert tocsin("integration", "sign", "Sentry", "--secret-file", str(tmp_path / "none")) == 2


def test_an_integration_can_take_what_is_unsigned_again(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers[f"DELETE {PATH}/signing-secret"] = Answer(204, None)
    assert tocsin("integration", "unsign", "Sentry") == 0
    assert (api.asked[-1].method, api.asked[-1].path) == ("DELETE", f"{PATH}/signing-secret")


def test_what_becomes_of_a_silent_alert_and_whose_topics_are_believed_is_changed(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers[f"PATCH {PATH}"] = Answer(200, SENTRY)
    topics = ["arn:aws:sns:eu-west-1:210987654321:alarms", "arn:aws:sns:eu-west-1:210987654321:others"]
    given = ("--when-silent", "resolve", "--topic-arn", topics[0], "--topic-arn", topics[1])
    assert tocsin("integration", "edit", "sentry", *given) == 0
    assert api.asked[-1].body == {"when_silent": "resolve", "topic_arns": topics}
    assert api.asked[-1].headers["if-match"] == '"v3"'
    assert capsys.readouterr().err == "Sentry is changed\n"


def test_what_is_not_given_stays_and_no_topics_are_none(api: RecordedApi, tocsin: Tocsin) -> None:
    api.answers[f"PATCH {PATH}"] = Answer(200, SENTRY)
    assert tocsin("integration", "edit", "Sentry", "--no-topics") == 0
    assert api.asked[-1].body == {"topic_arns": []}


@pytest.mark.parametrize("given", [(), ("--no-topics", "--topic-arn", "arn:aws:sns:eu-west-1:210987654321:alarms")])
def test_a_change_of_nothing_or_of_opposites_is_an_error_of_usage(
    api: RecordedApi, tocsin: Tocsin, given: tuple[str, ...]
) -> None:
    assert tocsin("integration", "edit", "Sentry", *given) == 2
    assert api.asked == []


def test_for_how_long_an_incident_takes_alerts_is_said_changed_and_taken_away(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v1/services"] = Answer(200, page({"id": "service-1", "name": "Shop"}))
    api.answers["POST /v1/integrations"] = Answer(201, MADE)
    api.answers[f"PATCH {PATH}"] = Answer(200, SENTRY)
    given = ("--service", "Shop", "--kind", "native", "--group-window", "rolling:600")
    assert tocsin("integration", "create", "Alarms", *given) == 0
    assert api.asked[-1].body["group_window"] == {"kind": "rolling", "seconds": 600}
    for text, body in (("fixed:7200", {"kind": "fixed", "seconds": 7200}), ("none", None)):
        assert tocsin("integration", "edit", "sentry", "--group-window", text) == 0
        assert api.asked[-1].body == {"group_window": body}
    capsys.readouterr()
    for wrong in ("fixed", "fixed:", "sliding:600", "rolling:-5", "600"):
        assert tocsin("integration", "edit", "sentry", "--group-window", wrong) == 2
        assert "say fixed:600 or rolling:600" in capsys.readouterr().err
