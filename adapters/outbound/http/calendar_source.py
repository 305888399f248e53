"""A calendar at somebody's URL, fetched through the guard, and no larger and no slower than it may be."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from adapters.outbound.http.guard import BlockedAddressError
from adapters.outbound.http.session import RedirectRefusedError
from application.ports.calendar_source import CalendarSource, Fetched
from application.ports.errors import PermanentPortError, TransientPortError

BYTES_MAX: Final = 1024 * 1024  # what the reader takes
TOTAL_SECONDS: Final = 10.0
_ETAG_CHARACTERS: Final = 1000  # nothing longer is worth keeping
_ATTEMPTED_AGAIN: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class HttpCalendarSource(CalendarSource):
    """The session is its maker's to close, and passes a guard."""

    session: aiohttp.ClientSession

    async def fetch(self, url: str, *, etag: str | None) -> Fetched:
        headers = {"Accept": "text/calendar"} | ({} if etag is None else {"If-None-Match": etag})
        try:
            async with self.session.get(url, headers=headers) as response:
                return await _fetched(response, etag)
        except RedirectRefusedError as error:
            raise PermanentPortError(str(error)) from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, BlockedAddressError):
                raise PermanentPortError(f"its address may not be asked: {error.os_error.reason}") from None
            raise TransientPortError("it cannot be reached") from None
        except TimeoutError:
            raise TransientPortError(f"it took longer than {TOTAL_SECONDS:.0f} seconds") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise TransientPortError(f"no answer: {type(error).__name__}") from None


async def _fetched(response: aiohttp.ClientResponse, etag: str | None) -> Fetched:
    if response.status == HTTPStatus.NOT_MODIFIED and etag is not None:
        return Fetched(None, etag)
    if response.status != HTTPStatus.OK:
        again = response.status >= 500 or response.status in _ATTEMPTED_AGAIN
        raise (TransientPortError if again else PermanentPortError)(f"its server answered {response.status}")
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > BYTES_MAX:
            raise PermanentPortError(f"it has more than {BYTES_MAX} bytes")
    new = response.headers.get("ETag")
    return Fetched(bytes(body), new if new is not None and len(new) <= _ETAG_CHARACTERS else None)
