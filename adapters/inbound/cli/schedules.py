from collections.abc import Iterable
from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import ApiClient, Record
from adapters.inbound.cli.context import Given
from adapters.inbound.cli.documents import read_json
from adapters.inbound.cli.instants import instant_option
from adapters.inbound.cli.listing import Cursor, Limit, Noun, find, names_of, noun_app, show_page
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
    show_on_call([found], cli)


def show_on_call(found: Iterable[Record], cli: Given) -> None:
    """A line for each schedule."""
    show_table(
        ("SCHEDULE", "ON CALL", "UNTIL", "SHADOWS"),
        (
            (
                each["schedule"]["name"],
                ", ".join(user["name"] for user in each["users"]) or _NOBODY,
                when(each["until"], cli.now),
                ", ".join(user["name"] for user in each["shadows"]),
            )
            for each in found
        ),
    )


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
    show_page(
        page,
        output,
        ("VERSION", "KNOWN SINCE", "EFFECTIVE FROM", "TIME ZONE", "LAYERS"),
        lambda each: (
            each["version"],
            when(each["known_at"], cli.now),
            when(each["effective_at"], cli.now),
            each["time_zone"],
            len(each["layers"]),
        ),
    )


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
        A file with the change as JSON; - is the standard input. Any of time_zone, layers, effective_at, until, and
        add_override, remove_override_id and so on, as POST /v1/schedules/{id}/preview takes them.
    """
    api = cli.api()
    found = api.post(f"{SCHEDULE.path}/{find(api, SCHEDULE, ref)['id']}/preview", read_json(file))
    show_preview(api, found, output, cli)


def show_preview(api: ApiClient, found: Record, output: Output, cli: Given) -> None:
    """Who would be on call instead of whom, and who would shadow whom."""
    if output == "json":
        show_json(found)
        return
    differences, shadows = found["differences"], (*found["shadows_new"], *found["shadows_gone"])
    people = [each for one in differences for each in (*one["before"], *one["after"])]
    people += [each[member] for each in shadows for member in ("user_id", "follows")]
    names = names_of(api, "/v1/users", people)

    def named(ids: Iterable[str]) -> str:
        return ", ".join(names.get(each, each) for each in ids) or _NOBODY

    def from_to(each: Record) -> tuple[str, str]:
        return when(each["starts_at"], cli.now), when(each["ends_at"], cli.now)

    if differences:
        show_table(
            ("FROM", "TO", "NOW", "THEN"),
            ((*from_to(each), named(each["before"]), named(each["after"])) for each in differences),
        )
    if shadows:
        changes = [("new", each) for each in found["shadows_new"]] + [("gone", each) for each in found["shadows_gone"]]
        show_table(
            ("FROM", "TO", "SHADOW", "WHO", "FOLLOWS"),
            ((*from_to(each), change, named([each["user_id"]]), named([each["follows"]])) for change, each in changes),
        )
    until = when(found["until"], cli.now)
    changed = len(differences) + found["more"]
    if changed:
        shown = f", of which {len(differences)} are shown" if found["more"] else ""
        say(f"others are on call by it {changed} times until {until}{shown}")
    else:
        say(f"who is on call does not change by it until {until}")
