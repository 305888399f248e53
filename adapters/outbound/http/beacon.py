"""One request to an address of the operator's: the alarm, and the sign of life."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from application.ports.alarm import Alarm, Heartbeat, StalledReport
from application.ports.errors import PermanentPortError, TransientPortError

_ATTEMPTED_AGAIN: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class HttpAlarm(Alarm):
    """A POST of JSON to the URL; without one it is not set up. The session is its maker's to close."""

    session: aiohttp.ClientSession
    url: str

    @property
    def is_set_up(self) -> bool:
        return bool(self.url)

    async def sound(self, reports: Sequence[StalledReport]) -> None:
        await _request(self.session.post(self.url, json={"stalled": [_body(each) for each in reports]}))


@dataclass(frozen=True, slots=True)
class HttpHeartbeat(Heartbeat):
    """A POST without a body, which every such service takes (healthchecks.io, Better Stack, Dead Man's Snitch)."""

    session: aiohttp.ClientSession
    url: str

    async def beat(self) -> None:
        await _request(self.session.post(self.url))


async def _request(request: AbstractAsyncContextManager[aiohttp.ClientResponse]) -> None:
    """Nothing of the URL is in what is raised: such URLs are secrets."""
    try:
        async with request as response:
            status = response.status
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        raise TransientPortError(f"no answer: {type(error).__name__}") from None
    if 200 <= status < 300:
        return
    if status >= 500 or status in _ATTEMPTED_AGAIN:
        raise TransientPortError(f"it answered {status}")
    raise PermanentPortError(f"it answered {status}")


def _body(report: StalledReport) -> Mapping[str, str]:
    return {
        "reference": report.reference,
        "title": report.title,
        "severity": report.severity,
        "service": report.service,
        "triggered_at": report.triggered_at.isoformat(),
        "reason": report.reason,
        "url": report.url,
    }
