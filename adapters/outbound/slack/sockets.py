"""Addresses of Socket Mode's connections. Slack, "apps.connections.open"."""

from urllib.parse import urlsplit

from aiohttp import ClientSession

from adapters.outbound.slack.client import NoAnswerError, NotSentError, SlackClient, SlackSettings
from application.ports.errors import PermanentPortError, TransientPortError


class SlackSockets:
    """Hands out one address a connection. Its ticket is a secret, and good once."""

    def __init__(self, settings: SlackSettings, session: ClientSession) -> None:
        self._client = SlackClient(settings, session)
        self._scheme = "wss" if urlsplit(settings.base_url).scheme == "https" else "ws"

    async def open_url(self) -> str:
        """Raises `TransientPortError`, `PermanentPortError`; neither holds the address or the token."""
        try:
            answer = await self._client.call("apps.connections.open", {})
        except (NotSentError, NoAnswerError) as error:
            raise TransientPortError(str(error)) from None
        url = answer.body.get("url")
        if not answer.ok or not isinstance(url, str):
            raise TransientPortError(f"Slack opens no socket: {answer.error or answer.status}")
        if urlsplit(url).scheme != self._scheme:
            raise PermanentPortError("Slack's socket is not encrypted")
        return url
