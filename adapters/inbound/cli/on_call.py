from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final

from cyclopts import Parameter

from adapters.inbound.cli.calendars import calendar_app, feed_app
from adapters.inbound.cli.client import ApiClient, Query, segment
from adapters.inbound.cli.context import INCIDENTS, Given, commands_of
from adapters.inbound.cli.instants import instant_option
from adapters.inbound.cli.listing import find, id_of, names_of
from adapters.inbound.cli.output import NOTHING, Output, instant, say, show_json, show_table, span, when
from adapters.inbound.cli.schedule_parts import override_app, shadow_app, temporary_app
from adapters.inbound.cli.schedules import SCHEDULE, show_on_call
from adapters.inbound.cli.teams import TEAM
from adapters.inbound.cli.users import USER

app: Final = commands_of(
    "oncall",
    "Who is on call: now, at, shifts, gaps, quality, fairness; override, temporary, shadow, calendar, feed.",
    group=INCIDENTS,
)
for _part in (override_app, temporary_app, shadow_app, calendar_app, feed_app):
    app.command(_part)

KnownAt = Annotated[
    str | None,
    Parameter(
        help="As was known then, before what was changed since: an ISO date and time, or how long ago, such as 2h."
    ),
]

_FINDINGS: Final = 200  # the most that the API gives at once
_KINDS: Final = {
    "gap": "nobody on call",
    "overlap": "more at once than meant",
    "long_stretch": "on call too long",
    "back_to_back": "too little rest",
}


@app.command
def now(*, at: str | None = None, team: str | None = None, output: Output = "table", cli: Given) -> None:
    """Show who is on call now, or at another time, by schedule.

    Parameters
    ----------
    at
        An ISO date and time, such as 2026-12-24T18:00; without an offset it is this computer's time.
    team
        Only this team's schedules, by its name or id.
    """
    _show_on_call(cli, at=instant_option("--at", at, cli), team=team, output=output)


@app.command(name="at")
def at_(time: str, /, *, team: str | None = None, output: Output = "table", cli: Given) -> None:
    """Show who was, is or will be on call at a time, by schedule.

    Parameters
    ----------
    time
        An ISO date and time, such as 2026-12-24T18:00; without an offset it is this computer's time.
    team
        Only this team's schedules, by its name or id.
    """
    _show_on_call(cli, at=instant_option("TIME", time, cli), team=team, output=output)


@app.command
def shifts(
    schedule: str,
    /,
    *,
    since: str | None = None,
    until: str | None = None,
    known_at: KnownAt = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show the shifts of a schedule, by its name or id; unless said otherwise, of the next two weeks.

    Parameters
    ----------
    since
        An ISO date and time, or how long ago, such as 2h.
    until
        An ISO date and time.
    """
    api = cli.api()
    found = _ask(api, schedule, "shifts", _times(cli, since, until, known_at))
    if output == "json":
        show_json(found)
        return
    people = [each["user_id"] for each in (*found["shifts"], *found["shadows"])]
    names = names_of(api, USER.path, (*people, *(each["follows"] for each in found["shadows"])))
    by = [(each, _source(each["source"])) for each in found["shifts"]]
    by += [(each, f"shadows {names.get(each['follows'], each['follows'])}") for each in found["shadows"]]
    rows = (
        (names.get(each["user_id"], each["user_id"]), *_from_to(each, cli), source)
        for each, source in sorted(by, key=lambda row: str(row[0]["starts_at"]))
    )
    show_table(("WHO", "FROM", "TO", "LASTS", "BY"), rows)


@app.command
def gaps(
    schedule: str,
    /,
    *,
    since: str | None = None,
    until: str | None = None,
    known_at: KnownAt = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show when nobody is on call in a schedule; unless said otherwise, in the next two weeks.

    Parameters
    ----------
    since
        An ISO date and time, or how long ago, such as 2h.
    until
        An ISO date and time.
    """
    found = _ask(cli.api(), schedule, "gaps", _times(cli, since, until, known_at))
    if output == "json":
        show_json(found)
        return
    show_table(("FROM", "TO", "LASTS"), (_from_to(gap, cli) for gap in found["gaps"]))


@app.command
def quality(
    schedule: str,
    /,
    *,
    weeks: int = 8,
    people: int = 1,
    known_at: KnownAt = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show what a schedule could do better: gaps, overlaps, long stretches, too little rest.

    Parameters
    ----------
    weeks
        How many from now on: 1 to 52.
    people
        How many are meant to be on call at once.
    """
    query = _known_at(cli, known_at) | {"weeks": weeks, "people": people, "limit": _FINDINGS}
    found = _ask(cli.api(), schedule, "quality", query)
    if output == "json":
        show_json(found)
        return
    rows = ((_KINDS.get(each["kind"], each["kind"]), *_from_to(each, cli), _names(each)) for each in found["findings"])
    show_table(("WHAT", "FROM", "TO", "LASTS", "WHO"), rows)
    more = ", and more than are shown" if found["has_more"] else ""
    say(f"{found['gap_percent']:g} % of {weeks} weeks without anybody{more}")


@app.command
def fairness(
    schedule: str,
    /,
    *,
    since: str | None = None,
    until: str | None = None,
    country: str | None = None,
    known_at: KnownAt = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show who carries how much of a schedule, and against the mean; unless said otherwise, of the last four weeks.

    Parameters
    ----------
    since
        An ISO date and time, or how long ago, such as 12w.
    until
        An ISO date and time.
    country
        Whose public holidays count, such as DE, or DE-BY for a part of it.
    """
    land, _, part = (country or "").partition("-")
    query = _times(cli, since, until, known_at) | {"country": land.upper() or None, "subdivision": part.upper() or None}
    found = _ask(cli.api(), schedule, "load", query)
    if output == "json":
        show_json(found)
        return
    kinds = ("total", "nights", "weekends", "holidays")
    rows = (
        (
            each["user"]["name"],
            *(_hours(each["seconds"][kind], each["share"][kind]) for kind in kinds),
            each["pages"],
            each["night_pages"],
            each["interrupted_nights"],
        )
        for each in found["people"]
    )
    columns = ("WHO", "ON CALL", "NIGHTS", "WEEKENDS", "HOLIDAYS", "PAGES", "AT NIGHT", "NIGHTS INTERRUPTED")
    show_table(columns, rows)


def _show_on_call(cli: Given, *, at: str | None, team: str | None, output: Output) -> None:
    api = cli.api()
    team_id = id_of(api, TEAM, team)
    page = api.get("/v1/on-call", {"limit": 200, "at": at, "team_id": team_id})
    if output == "json":
        show_json(page)
        return
    show_on_call(page["items"], cli)


def _ask(api: ApiClient, schedule: str, question: str, query: Query) -> Any:
    schedule_id = find(api, SCHEDULE, schedule)["id"]
    return api.get(f"{SCHEDULE.path}/{segment(schedule_id)}/{question}", query)


def _times(cli: Given, since: str | None, until: str | None, known_at: str | None) -> dict[str, str | int | None]:
    times = {"since": instant_option("--since", since, cli), "until": instant_option("--until", until, cli)}
    return times | _known_at(cli, known_at)


def _known_at(cli: Given, known_at: str | None) -> dict[str, str | int | None]:
    return {"known_at": instant_option("--known-at", known_at, cli)}


def _from_to(each: Mapping[str, Any], cli: Given) -> tuple[str, str, str]:
    lasts = instant(each["ends_at"]) - instant(each["starts_at"])
    return when(each["starts_at"], cli.now), when(each["ends_at"], cli.now), span(lasts)


def _source(source: Mapping[str, Any]) -> str:
    if source["layer"] is not None:
        return f"layer {source['layer'] + 1}"
    return "an override" if source["temporary_id"] is None else "a temporary schedule"


def _names(finding: Mapping[str, Any]) -> str:
    return ", ".join(user["name"] for user in finding["users"]) or NOTHING


def _hours(seconds: int, share: float | None) -> str:
    """Hours and minutes, and against the mean."""
    minutes = timedelta(seconds=seconds) // timedelta(minutes=1)
    shown = f"{minutes // 60}:{minutes % 60:02d}"
    return shown if share is None else f"{shown} ({share:.2f})"
