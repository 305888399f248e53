from application.ports.calendar_source import CalendarSource, Fetched
from application.ports.errors import PermanentPortError


class MemoryCalendarSource(CalendarSource):
    """Answers what was put there; an exception is raised. It remembers what it was asked, and with which etag."""

    def __init__(self) -> None:
        self.calendars: dict[str, Fetched | Exception] = {}
        self.asked: list[tuple[str, str | None]] = []

    async def fetch(self, url: str, *, etag: str | None) -> Fetched:
        self.asked.append((url, etag))
        found = self.calendars.get(url, PermanentPortError("its server answered 404"))
        if isinstance(found, Exception):
            raise found
        return Fetched(None, etag) if etag is not None and etag == found.etag else found
