import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.outbound.slack.blocks import blocks, body, escaped, fallback_text
from tests.unit.outgoing.messages import HOSTILE_TITLE, INCIDENT_ID, NOTIFICATION_ID, a_message


def texts(value: Any) -> list[dict[str, Any]]:
    """Every text object of a message."""
    if isinstance(value, dict):
        own = [value] if value.get("type") in ("plain_text", "mrkdwn") else []
        return own + [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return []


def shown(message: Any) -> str:
    return "\n".join(text["text"] for text in texts(blocks(message)))


def buttons(message: Any) -> list[Any]:
    return [
        element
        for block in blocks(message)
        if block["type"] == "actions" and isinstance(block["elements"], list)
        for element in block["elements"]
    ]


def test_a_page_says_how_bad_what_and_since_when() -> None:
    assert fallback_text(a_message()) == "SEV1 INC-123 checkout 5xx 23%"
    text = shown(a_message())
    assert text.startswith(
        "SEV1 INC-123 checkout 5xx 23%\nService: checkout\nStatus: triggered\nSince <!date^1793675525^"
    )
    assert "<https://tocsin.example.org/incidents/123|Open incident>" in text
    assert "<https://wiki.example.org/checkout?a=1&amp;b=2|Runbook>" in text


def test_the_buttons_carry_the_incident_and_its_version() -> None:
    assert [(button["action_id"], button["value"]) for button in buttons(a_message(version=7))] == [
        ("tocsin_acknowledge", f"{INCIDENT_ID}:v7"),
        ("tocsin_resolve", f"{INCIDENT_ID}:v7"),
    ]


def test_only_the_buttons_that_still_make_sense_are_shown() -> None:
    assert [button["action_id"] for button in buttons(a_message(status="acknowledged"))] == ["tocsin_resolve"]
    assert buttons(a_message(status="resolved")) == []


def test_an_update_says_who_did_it() -> None:
    update = a_message(status="acknowledged", status_by="Mira <3", update_of={"channel": "C1", "ts": "1.2"})
    assert "Status: acknowledged by Mira <3" in shown(update)
    assert fallback_text(update) == "SEV1 INC-123 checkout 5xx 23% (acknowledged by Mira &lt;3)"


def test_a_repeat_is_labelled_and_a_change_in_place_is_not() -> None:
    assert "may be a repeat" in fallback_text(a_message(may_be_repeat=True))
    assert "may be a repeat" in shown(a_message(may_be_repeat=True))
    assert "repeat" not in shown(a_message()) + fallback_text(a_message())
    update = a_message(may_be_repeat=True, update_of={"channel": "C1", "ts": "1.2"})
    assert "repeat" not in shown(update) + fallback_text(update)


def test_the_metadata_finds_the_message_again() -> None:
    assert body(a_message())["metadata"] == {
        "event_type": "tocsin_page",
        "event_payload": {"delivery_id": str(NOTIFICATION_ID), "incident_id": str(INCIDENT_ID), "attempt": 1},
    }


def test_a_mention_in_a_title_stays_text() -> None:
    hostile = a_message(title=HOSTILE_TITLE, service="<!here>", status_by="<@U1>", severity="<!everyone>")
    assert "<!" not in fallback_text(hostile)
    assert "&lt;!channel&gt; &lt;b&gt;&amp; Bcc" in fallback_text(hostile)
    for text in texts(blocks(a_message(title=HOSTILE_TITLE * 5, status_by="<@U1>"))):
        if text["type"] == "mrkdwn":
            assert text["verbatim"] is True
            assert "<!channel" not in text["text"]
            assert "<@" not in text["text"]
    assert body(hostile)["parse"] == "none"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a b/", "file:///etc/passwd", "", None])
def test_a_link_that_is_no_web_link_is_left_out(url: str | None) -> None:
    assert "Runbook" not in shown(a_message(runbook_url=url))


def test_a_link_cannot_end_itself() -> None:
    assert "<https://a.example/%7Cx%3E%3C!channel%3E|Runbook>" in shown(
        a_message(runbook_url="https://a.example/|x><!channel>")
    )


def test_a_text_is_cut_before_it_is_escaped() -> None:
    text = fallback_text(a_message(title="&" * 5000))
    assert text.endswith("&amp;\N{HORIZONTAL ELLIPSIS}")
    assert escaped("&<>") == "&amp;&lt;&gt;"


ANY_TEXT = st.text(st.characters()) | st.sampled_from(["&", "<", "x", "\N{FIRE}", "\u0301"]).map(
    lambda sign: sign * 5000
)


@example(title="", service="", status_by="", severity="0" * 200, status="triggered")
@given(
    title=ANY_TEXT,
    service=ANY_TEXT,
    status_by=ANY_TEXT,
    severity=ANY_TEXT,
    status=st.sampled_from(["triggered", "acknowledged", "resolved"]) | ANY_TEXT,
)
def test_any_message_keeps_to_slacks_limits(**changes: str) -> None:
    message = a_message(**changes)
    made = blocks(message)
    json.dumps(made).encode()
    assert len(made) <= 50
    assert len(fallback_text(message)) <= 4000
    for block in made:
        for text in texts(block):
            limit = {"header": 150, "actions": 100}.get(str(block["type"]), 2000 if "fields" in block else 3000)
            assert 1 <= len(text["text"]) <= limit
    assert sum(len(text["text"]) for text in texts(made)) < 13_000
    for button in buttons(message):
        assert len(button["text"]["text"]) <= 30
        assert len(button["confirm"]["confirm"]["text"] if "confirm" in button else "") <= 30
