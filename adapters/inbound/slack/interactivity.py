"""Button presses from Slack. Slack, "Handling user interaction": a form with one field, `payload`, which is JSON."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec

from domain.shared.errors import InvalidValueError
from domain.shared.ids import IncidentId

_VALUE: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):v([0-9]{1,9})")
_RESPONSE_HOSTS: Final = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})


class Button(StrEnum):
    """The buttons that our messages carry, by their `action_id`."""

    ACKNOWLEDGE = "tocsin_acknowledge"
    RESOLVE = "tocsin_resolve"


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPress:
    """A Slack member pressed one of our buttons. Who that is to us must be looked up by both ids, never by name."""

    button: Button
    incident_id: IncidentId
    version: int  # of the incident, as the message showed it: an older one means that it changed since
    slack_user_id: str
    slack_team_id: str | None
    channel_id: str | None
    message_ts: str | None
    response_url: str | None  # for five answers within 30 minutes; only ever one of Slack's own hosts


class _Named(msgspec.Struct):
    id: str


class _User(msgspec.Struct):
    id: str
    team_id: str | None = None


class _Container(msgspec.Struct):
    message_ts: str | None = None
    channel_id: str | None = None


class _Action(msgspec.Struct):
    action_id: str
    value: str | None = None


class _Kind(msgspec.Struct):
    type: str


class _BlockActions(msgspec.Struct):
    user: _User
    actions: list[_Action]
    team: _Named | None = None
    channel: _Named | None = None
    container: _Container | None = None
    response_url: str | None = None


def read_button_press(body: bytes) -> ButtonPress | None:
    """What was pressed, or nothing when it is an interaction that is not about our buttons, such as a link's.

    The body must have been found to be signed before. Raises `InvalidValueError` for what Slack does not send.
    """
    return read_press(_payload(body))


def read_press(payload: str | bytes) -> ButtonPress | None:
    """The same of the JSON alone, as Socket Mode brings it."""
    if _decoded(payload, _Kind).type != "block_actions":
        return None
    interaction = _decoded(payload, _BlockActions)
    action = next((action for action in interaction.actions if action.action_id in Button), None)
    if action is None:
        return None
    incident_id, version = _incident_and_version(action.value or "")
    container = interaction.container or _Container()
    return ButtonPress(
        button=Button(action.action_id),
        incident_id=incident_id,
        version=version,
        slack_user_id=interaction.user.id,
        slack_team_id=interaction.team.id if interaction.team is not None else interaction.user.team_id,
        channel_id=interaction.channel.id if interaction.channel is not None else container.channel_id,
        message_ts=container.message_ts,
        response_url=_own_url(interaction.response_url),
    )


def _payload(body: bytes) -> str:
    try:
        fields = parse_qs(body.decode("ascii"), strict_parsing=True, errors="strict", max_num_fields=10)
    except ValueError as error:
        raise InvalidValueError("body", "is not a form") from error
    match fields.get("payload"):
        case [payload]:
            return payload
        case _:
            raise InvalidValueError("payload", "must be given once")


def _decoded[T](payload: str | bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise InvalidValueError("payload", str(error)) from error


def _incident_and_version(value: str) -> tuple[IncidentId, int]:
    match = _VALUE.fullmatch(value)
    if match is None:
        raise InvalidValueError("value", "is not an incident and its version")
    return IncidentId(UUID(match[1])), int(match[2])


def _own_url(url: str | None) -> str | None:
    """The URL when it is Slack's: whatever is posted there leaves our network."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        plain = parts.port in (None, 443) and parts.username is None and parts.password is None
    except ValueError:
        return None
    return url if parts.scheme == "https" and parts.hostname in _RESPONSE_HOSTS and plain else None
