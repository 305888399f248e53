"""Calendars, both ways: shifts that others subscribe to, and a calendar that a schedule follows."""

import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from adapters.inbound.cli.client import Record, segment
from adapters.inbound.cli.context import Given, Switch
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import find, id_of, names_of
from adapters.inbound.cli.output import NOTHING, Output, say, show_fields, show_json, show_line, show_table, when
from adapters.inbound.cli.schedules import SCHEDULE
from adapters.inbound.cli.users import USER

feed_app: Final = App(name="feed", help="Shifts as a calendar to subscribe to: create, list, revoke.")
calendar_app: Final = App(name="calendar", help="The calendar that a schedule follows: set, show, refresh, remove.")

_FEEDS: Final = "/v1/calendar-feeds"

UrlFile = Annotated[
    str,
    Parameter(
        name="--url-file", allow_leading_hyphen=True, help="A file with its address, which is a secret; - is the input."
    ),
]


@feed_app.command(name="create")
def create_feed(*, schedule: str | None = None, user: str | None = None, output: Output = "table", cli: Given) -> None:
    """Print an address that shows shifts to whoever has it: your own, unless said otherwise.

    Parameters
    ----------
    schedule
        All shifts of this schedule, by its name or id.
    user
        The shifts of this person, for admins.
    """
    if schedule is not None and user is not None:
        raise CommandError("a feed is of a --schedule or of a --user, not of both", ExitCode.USAGE)
    api = cli.api()
    user_id = id_of(api, USER, user)
    if schedule is None and user_id is None:
        user_id = api.get("/v1/users/me")["id"]
    made = api.post(_FEEDS, {"schedule_id": id_of(api, SCHEDULE, schedule), "user_id": user_id})
    if output == "json":
        show_json(made)
        return
    show_line(made["url"])
    say("it is shown this once; whoever has it sees the shifts, until `tocsin oncall feed revoke`")


@feed_app.command(name="list")
def list_feeds(*, output: Output = "table", cli: Given) -> None:
    """List your feeds that are not revoked."""
    api = cli.api()
    found = api.get(_FEEDS)
    if output == "json":
        show_json(found)
        return
    feeds = found["feeds"]
    names = names_of(api, USER.path, (each["user_id"] for each in feeds))
    names |= names_of(api, SCHEDULE.path, (each["schedule_id"] for each in feeds))
    show_table(
        ("SHIFTS OF", "CREATED", "ID"),
        (
            (_named(each["schedule_id"] or each["user_id"], names), when(each["created_at"], cli.now), each["id"])
            for each in feeds
        ),
    )


@feed_app.command(name="revoke")
def revoke_feed(feed_id: str, /, *, cli: Given) -> None:
    """Take a feed back: its address shows nothing any more."""
    cli.api().delete(f"{_FEEDS}/{segment(feed_id)}")
    say(f"{feed_id} is revoked")


@calendar_app.command(name="set")
def set_calendar(
    schedule: str,
    /,
    *,
    url_file: UrlFile,
    refresh_minutes: int = 15,
    as_layer: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Let a schedule follow somebody else's calendar, in place of its layers or before them. It is read in a minute.

    Parameters
    ----------
    schedule
        Its name or id.
    refresh_minutes
        How often it is read: every 5 to 1440 minutes.
    as_layer
        Where it names nobody the layers decide; otherwise nobody is on call then.
    """
    api = cli.api()
    path = _path(find(api, SCHEDULE, schedule))
    body = {"url": _content(url_file), "refresh_minutes": refresh_minutes, "as_layer": as_layer}
    _show(api.put(path, body, tag=None), output, cli)


@calendar_app.command(name="show")
def show_calendar(schedule: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show how the calendar of a schedule goes, by its name or id: exit code 1 while it cannot be read."""
    api = cli.api()
    found = api.get(_path(find(api, SCHEDULE, schedule)))
    _show(found, output, cli)
    if found["failing_since"] is not None:
        raise CommandError(f"it cannot be read: {found['failure']}", ExitCode.FAILURE)


@calendar_app.command(name="refresh")
def refresh_calendar(schedule: str, /, *, output: Output = "table", cli: Given) -> None:
    """Have the calendar of a schedule read within a minute, by its name or id."""
    api = cli.api()
    _show(api.post(f"{_path(find(api, SCHEDULE, schedule))}/refresh"), output, cli)


@calendar_app.command(name="remove")
def remove_calendar(schedule: str, /, *, yes: Switch = False, cli: Given) -> None:
    """Let the layers of a schedule decide again, from now on.

    Parameters
    ----------
    schedule
        Its name or id.
    yes
        That you mean it: who is on call may change at once.
    """
    if not yes:
        raise CommandError("who is on call may change at once: add --yes", ExitCode.USAGE)
    api = cli.api()
    api.delete(_path(find(api, SCHEDULE, schedule)))
    say(f"{schedule} follows no calendar any more")


def _path(schedule: Record) -> str:
    return f"{SCHEDULE.path}/{segment(schedule['id'])}/calendar-import"


def _content(file: str) -> str:
    """Raises `CommandError`."""
    try:
        return (sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read {file}: {error}", ExitCode.USAGE) from None


def _show(calendar: Record, output: Output, cli: Given) -> None:
    if output == "json":
        show_json(calendar)
        return
    show_fields(
        (
            ("host", calendar["host"]),
            ("every", f"{calendar['refresh_minutes']} minutes"),
            ("where it names nobody", "the layers decide" if calendar["as_layer"] else "nobody is on call"),
            ("read", when(calendar["read_at"], cli.now)),
            ("next", when(calendar["next_refresh_at"], cli.now)),
            ("failing since", when(calendar["failing_since"], cli.now) if calendar["failing_since"] else None),
            ("failure", calendar["failure"]),
            ("events that are no shift", calendar["unread_count"] or None),
        )
    )
    for each in calendar["unread"]:
        say(f"no shift: {each}")


def _named(key: str | None, names: dict[str, str]) -> str:
    return NOTHING if key is None else names.get(key, key)
