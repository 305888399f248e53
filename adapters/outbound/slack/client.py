"""Slack's Web API: one call, and what became of it. Slack, "Web API" and "Rate limits"."""

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

_CODE: Final = re.compile(r"[a-z0-9_]{1,80}")
_RETRY_AFTER_DIGITS: Final = 6
_LOGGER: Final = logging.getLogger("tocsin.slack_sdk")
# The client logs whole requests at DEBUG. They hold what senders wrote, so that this is switched off for good.
_LOGGER.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """Whose workspace, and where its API is."""

    token: str = field(repr=False)
    base_url: str = "https://slack.com/api/"
    timeout_seconds: float = 5.0  # the whole call

    def __post_init__(self) -> None:
        if not (self.token.isascii() and self.token.isprintable() and self.token.strip()):
            raise ValueError("token: must be printable ASCII")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back over HTTP. Its `error` is Slack's own code, or empty where the body was not Slack's."""

    status: int
    ok: bool
    error: str = ""
    body: Mapping[str, object] = field(default_factory=dict)
    retry_after: timedelta | None = None


# Look-up, connect and TLS, or no usable address at all; and a server that only points elsewhere took nothing either.
_BEFORE_THE_REQUEST: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.RedirectClientError,
)


class NotSentError(Exception):
    """No connection was made, so Slack surely does not have it."""


class NoAnswerError(Exception):
    """It may have been sent, and no answer came back."""


class SlackClient:
    """Calls methods of the Web API over a session that it is given and does not close."""

    def __init__(self, settings: SlackSettings, session: aiohttp.ClientSession) -> None:
        self._timeout_seconds = settings.timeout_seconds
        self._client = AsyncWebClient(
            token=settings.token,
            base_url=settings.base_url,
            session=session,
            logger=_LOGGER,
            # By default a lost connection makes it post once more, and so page twice; that is not for it to decide.
            retry_handlers=[],
        )
        self._client.proxy = None  # it reads HTTPS_PROXY from the environment, past the session's own setting

    async def call(self, method: str, body: Mapping[str, object]) -> Answer:
        """Raises `NotSentError`, `NoAnswerError`; no message of theirs holds the token."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._client.api_call(method, json=dict(body))
        except SlackApiError as error:
            return _answer(error.response)
        except _BEFORE_THE_REQUEST as error:
            raise NotSentError(f"no connection to Slack: {type(error).__name__}") from error
        except (TimeoutError, aiohttp.ClientError, OSError, AttributeError, ValueError) as error:
            # The last two are how the client meets a 200 that is not Slack's JSON.
            raise NoAnswerError(f"no answer from Slack: {type(error).__name__}") from error
        return _answer(response)


def _answer(response: object) -> Answer:
    """From the client's response, or from aiohttp's own where the client could not read the body."""
    status = getattr(response, "status_code", None) or getattr(response, "status", None)
    data = getattr(response, "data", None)
    body = data if isinstance(data, Mapping) else {}
    error = body.get("error")
    return Answer(
        status=status if isinstance(status, int) else 0,
        ok=status == 200 and body.get("ok") is True,
        error=error if isinstance(error, str) and _CODE.fullmatch(error) else "",
        body=body,
        retry_after=_retry_after(getattr(response, "headers", {})),
    )


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Whole seconds, as Slack gives them; anything else is no wish."""
    given = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if not (given.isascii() and given.isdigit() and len(given) <= _RETRY_AFTER_DIGITS):
        return None
    return timedelta(seconds=int(given))
