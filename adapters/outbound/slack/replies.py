from dataclasses import dataclass

import aiohttp
import structlog

from application.ports.chat_replies import ChatReplies

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SlackReplies(ChatReplies):
    """Over a press's `response_url` (Slack, "Handling user interaction"): Slack shows no answer to the press itself."""

    session: aiohttp.ClientSession

    async def reply(self, url: str, text: str) -> None:
        message = {"response_type": "ephemeral", "replace_original": False, "text": text}
        try:
            async with self.session.post(url, json=message) as response:
                if response.status != 200:
                    _log.warning("slack_reply_refused", status=response.status)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            _log.warning("slack_reply_failed", reason=type(error).__name__)
