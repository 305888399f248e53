"""Notifications to a Slack member or channel, changed in place as the incident goes on."""

from collections.abc import Mapping
from typing import Final

from aiohttp import ClientSession

from adapters.outbound.slack.blocks import body, calling, notice_body
from adapters.outbound.slack.client import Answer, NoAnswerError, NotSentError, SlackClient, SlackSettings
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifier, Outcome

# What Slack's codes say about another try. One that is not here is retried: a pager must not give up over a new word.
_OUTCOMES: Final[Mapping[str, Outcome]] = {
    # The address: no such member or channel, or one that we are not in.
    **dict.fromkeys(
        (
            "channel_not_found",
            "not_in_channel",
            "is_archived",
            "user_not_found",
            "user_disabled",
            "cannot_dm_bot",
            "messages_tab_disabled",
            "restricted_action",
            "restricted_action_read_only_channel",
            "ekm_access_denied",
        ),
        Outcome.REJECTED,
    ),
    # The token: Slack's codes name the cause, and none of these passes by itself.
    **dict.fromkeys(
        (
            "invalid_auth",
            "not_authed",
            "account_inactive",
            "token_revoked",
            "missing_scope",
            "no_permission",
            "not_allowed_token_type",
            "org_login_required",
            "access_denied",
            "two_factor_setup_required",
        ),
        Outcome.REJECTED,
    ),
    # The message: the same one would be refused again.
    **dict.fromkeys(
        (
            "msg_too_long",
            "msg_blocks_too_long",
            "no_text",
            "invalid_blocks",
            "invalid_blocks_format",
            "invalid_metadata_format",
            "metadata_too_large",
            "message_not_found",
            "cant_update_message",
            "edit_window_closed",
            "invalid_arguments",
        ),
        Outcome.REJECTED,
    ),
    # Slack failed in the middle: "may have partly succeeded".
    **dict.fromkeys(("internal_error", "fatal_error"), Outcome.UNKNOWN),
}


class SlackNotifier(Notifier):
    """Posts a message with buttons; with a receipt, changes that message instead."""

    def __init__(self, settings: SlackSettings, session: ClientSession) -> None:
        self._client = SlackClient(settings, session)

    async def send(self, message: Message) -> Delivery:
        return await self._call(*_request(message))

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        return await self._call("chat.postMessage", _posted(notice.address, notice_body(notice)))

    async def _call(self, method: str, request: Mapping[str, object]) -> Delivery:
        try:
            answer = await self._client.call(method, request)
        except NotSentError as error:
            return Delivery(outcome=Outcome.RETRY, detail=str(error))
        except NoAnswerError as error:
            return Delivery(outcome=Outcome.UNKNOWN, detail=str(error))
        return _delivery(answer)


def _request(message: Message) -> tuple[str, Mapping[str, object]]:
    """A receipt without channel or time stamp names no message, so that a new one is posted."""
    earlier = message.update_of or {}
    if earlier.get("channel") and earlier.get("ts"):
        return "chat.update", {"channel": earlier["channel"], "ts": earlier["ts"], **body(message)}
    return "chat.postMessage", _posted(message.address, body(message))


def _posted(address: str, content: Mapping[str, object]) -> Mapping[str, object]:
    """Without unfurling: Slack would fetch the links of a sender, and show pages that hide the buttons.

    A user group has no conversation of its own: it is called in the channel that the address names before it.
    """
    channel, _, group = address.partition("/")
    called = content if not group else calling(group, content)
    return {"channel": channel, "unfurl_links": False, "unfurl_media": False, **called}


def _delivery(answer: Answer) -> Delivery:
    if answer.ok:
        return Delivery(outcome=Outcome.DELIVERED, detail="Slack took it", receipt=_receipt(answer.body))
    if answer.status == 429 or answer.error in ("ratelimited", "rate_limited"):
        return Delivery(outcome=Outcome.RETRY, detail="Slack asks to slow down", retry_after=answer.retry_after)
    if answer.status >= 500:
        # Slack's edge answers so for what is behind it, which may have posted the message before it failed.
        detail = f"Slack failed with status {answer.status}; it may have posted the message"
        return Delivery(outcome=Outcome.UNKNOWN, detail=detail, retry_after=answer.retry_after)
    if answer.error:
        outcome = _OUTCOMES.get(answer.error, Outcome.RETRY)
        return Delivery(outcome=outcome, detail=f"Slack refused: {answer.error}", retry_after=answer.retry_after)
    if answer.status == 200:
        return Delivery(outcome=Outcome.UNKNOWN, detail="Slack's answer could not be read; it may have posted it")
    # Something between us and Slack answered: that is about this installation, not about the person's address.
    return Delivery(outcome=Outcome.RETRY, detail=f"Slack could not be asked: status {answer.status}")


def _receipt(answered: Mapping[str, object]) -> Mapping[str, str]:
    """What `chat.update` needs later. The time stamp is a name, and stays text: as a number it would lose digits."""
    message = answered.get("message")
    named = {
        "team": message.get("team") if isinstance(message, Mapping) else None,
        "channel": answered.get("channel"),
        "ts": answered.get("ts"),
    }
    return {name: value for name, value in named.items() if isinstance(value, str) and value}
