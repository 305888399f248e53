import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.slack.interactivity import Button, ButtonPress, read_button_press
from adapters.outbound.slack.blocks import ACKNOWLEDGE, RESOLVE, blocks
from domain.shared.errors import InvalidValueError
from tests.unit.outgoing.messages import INCIDENT_ID, a_message

RESPONSE_URL = "https://hooks.slack.com/actions/T0BBB222/1/xyz"


def block_actions(**changes: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": "U0AAA111", "username": "mira", "name": "mira", "team_id": "T0BBB222"},
        "api_app_id": "A0DDD444",
        "token": "legacy",
        "container": {"type": "message", "message_ts": "1795425248.000200", "channel_id": "C0CCC333"},
        "trigger_id": "7512.3344.a1b2",
        "team": {"id": "T0BBB222", "domain": "acme"},
        "enterprise": None,
        "channel": {"id": "C0CCC333", "name": "inc-412"},
        "message": {"type": "message", "ts": "1795425248.000200", "text": "INC-412", "blocks": []},
        "state": {"values": {}},
        "response_url": RESPONSE_URL,
        "actions": [action()],
        **changes,
    }


def action(action_id: str = "tocsin_acknowledge", value: str | None = f"{INCIDENT_ID}:v4") -> dict[str, Any]:
    return {
        "action_id": action_id,
        "block_id": "b",
        "type": "button",
        "text": {"type": "plain_text", "text": "Acknowledge"},
        "value": value,
        "action_ts": "1795425301.112233",
    }


def form(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def test_a_press_says_which_button_whose_and_where() -> None:
    assert read_button_press(form(block_actions())) == ButtonPress(
        button=Button.ACKNOWLEDGE,
        incident_id=INCIDENT_ID,
        version=4,
        slack_user_id="U0AAA111",
        slack_team_id="T0BBB222",
        channel_id="C0CCC333",
        message_ts="1795425248.000200",
        response_url=RESPONSE_URL,
    )


def test_the_buttons_that_are_sent_are_the_buttons_that_are_read() -> None:
    assert {ACKNOWLEDGE, RESOLVE} == set(Button)
    sent = next(block for block in blocks(a_message()) if block["type"] == "actions")["elements"]
    assert isinstance(sent, list)
    pressed = [read_button_press(form(block_actions(actions=[element]))) for element in sent]
    assert [(press.button, press.incident_id, press.version) for press in pressed if press] == [
        (Button.ACKNOWLEDGE, INCIDENT_ID, 4),
        (Button.RESOLVE, INCIDENT_ID, 4),
    ]


def test_team_and_channel_may_be_null() -> None:
    press = read_button_press(form(block_actions(team=None, channel=None)))
    assert press is not None
    assert (press.slack_team_id, press.channel_id) == ("T0BBB222", "C0CCC333")


def test_a_link_and_a_view_are_not_ours() -> None:
    assert read_button_press(form(block_actions(actions=[action("open_runbook")]))) is None
    assert read_button_press(form({"type": "view_submission", "user": {"id": "U1"}})) is None


@pytest.mark.parametrize(
    "url",
    [
        None,
        "http://hooks.slack.com/a",
        "https://hooks.slack.com.evil.example/a",
        "https://evil.example/hooks.slack.com",
        "https://u:p@hooks.slack.com/a",
        "https://hooks.slack.com:8443/a",
        "https://hooks.slack.com:x/a",
        "https://[/",
    ],
)
def test_a_response_url_that_is_not_slacks_is_dropped(url: str | None) -> None:
    press = read_button_press(form(block_actions(response_url=url)))
    assert press is not None
    assert press.response_url is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        f"{INCIDENT_ID}",
        f"{INCIDENT_ID}:v",
        f"{INCIDENT_ID}:v1x",
        f"{INCIDENT_ID}:v-1",
        "x:v1",
        f"{INCIDENT_ID}:v1\n",
    ],
)
def test_a_value_that_we_did_not_write_is_refused(value: str | None) -> None:
    with pytest.raises(InvalidValueError, match="value"):
        read_button_press(form(block_actions(actions=[action(value=value)])))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload",
        b"payload=",
        b"payload=%7B",
        b"payload=%FF",
        b"payload=[]",
        b"payload={}",
        b"a=1",
        b"payload={}&payload={}",
        b"\xff",
        b"&".join([b"a=1"] * 50),
        form({"type": "block_actions"}),
        form(block_actions(actions="x")),
    ],
)
def test_what_slack_does_not_send_is_refused_and_named(body: bytes) -> None:
    with pytest.raises(InvalidValueError):
        read_button_press(body)


@given(st.binary() | st.text().map(lambda text: urlencode({"payload": text}).encode()))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(InvalidValueError):
        assert read_button_press(body) is None
