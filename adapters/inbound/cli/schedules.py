from collections.abc import Iterable
from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.context import Given
from adapters.inbound.cli.documents import read_json
from adapters.inbound.cli.instants import instant_option
from adapters.inbound.cli.listing import Cursor, Limit, Noun, find, names_of, noun_app, say_more
from adapters.inbound.cli.output import Output, say, show_json, show_table, when

SCHEDULE: Final = Noun(
    name="schedule",
    plural="schedules",
    path="/v1/schedules",
    columns=("name", "team_id", "time_zone", "id"),
    references={"team_id": "/v1/teams"},
)

app: Final = noun_app(SCHEDULE)
app.help = "Schedules: list, show, who is on call, their versions, previews."

_NOBODY: Final = "nobody: a gap"


@app.command(name="on-call")
def on_call(
    ref: str, /, *, at: str | None = None, known_at: str | None = None, output: Output = "table", cli: Given
) -> None:
    """Show who is on call in one schedule, now or at another time.

    Parameters
    ----------
    ref
        Its name or id.
    at
        An ISO date and time, such as 2026-12-24T18:00; without an offset it is this computer's time.
    known_at
        As was known then: before what was changed since. Written as --at is, and not in the future.
    """
    api = cli.api()
    query = {
        "at": instant_option("--at", at, cli),
        "known_at": instant_option("--known-at", known_at, cli),
    }
    found = api.get(f"{SCHEDULE.path}/{find(api, SCHEDULE, ref)['id']}/on-call", query)
    if output == "json":
        show_json(found)
        return
    users = ", ".join(user["name"] for user in found["users"]) or _NOBODY
    show_table(("SCHEDULE", "ON CALL", "UNTIL"), [(found["schedule"]["name"], users, when(found["until"], cli.now))])


@app.command
def versions(ref: str, /, *, limit: Limit = 20, cursor: Cursor = None, output: Output = "table", cli: Given) -> None:
    """Show how a schedule was changed, the last change first.

    Parameters
    ----------
    ref
        Its name or id.
    """
    api = cli.api()
    path = f"{SCHEDULE.path}/{find(api, SCHEDULE, ref)['id']}/versions"
    page = api.get(path, {"limit": limit, "cursor": cursor})
    if output == "json":
        show_json(page)
        return
    show_table(
        ("VERSION", "KNOWN SINCE", "EFFECTIVE FROM", "TIME ZONE", "LAYERS"),
        (
            (
                each["version"],
                when(each["known_at"], cli.now),
                when(each["effective_at"], cli.now),
                each["time_zone"],
                len(each["layers"]),
            )
            for each in page["items"]
        ),
    )
    say_more(page)


@app.command
def preview(
    ref: str,
    /,
    *,
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    output: Output = "table",
    cli: Given,
) -> None:
    """Show what a change would do to who is on call, before it is made. Nothing is stored.

    Parameters
    ----------
    ref
        Its name or id.
    file
        A file with the change as JSON; - is the standard input. Any of time_zone, layers, effective_at, add_override,
        remove_override_id and until, as POST /v1/schedules/{id}/preview takes them.
    """
    api = cli.api()
    found = api.post(f"{SCHEDULE.path}/{find(api, SCHEDULE, ref)['id']}/preview", read_json(file))
    if output == "json":
        show_json(found)
        return
    if not found["differences"]:
        say(f"who is on call does not change by it until {when(found['until'], cli.now)}")
        return
    names = names_of(api, "/v1/users")

    def named(ids: Iterable[str]) -> str:
        return ", ".join(names.get(each, each) for each in ids) or _NOBODY

    show_table(
        ("FROM", "TO", "NOW", "THEN"),
        (
            (
                when(each["starts_at"], cli.now),
                when(each["ends_at"], cli.now),
                named(each["before"]),
                named(each["after"]),
            )
            for each in found["differences"]
        ),
    )
    if found["more"]:
        say(f"and {found['more']} more until {when(found['until'], cli.now)}")
