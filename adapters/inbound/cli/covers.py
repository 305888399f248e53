from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import ApiClient, Record, segment
from adapters.inbound.cli.context import INCIDENTS, Given, Switch, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.instants import instant_option
from adapters.inbound.cli.listing import Cursor, Limit, find, id_of, ids_of, names_of, say_more
from adapters.inbound.cli.output import Output, moment, say, show_fields, show_json, show_table, when
from adapters.inbound.cli.schedules import SCHEDULE
from adapters.inbound.cli.teams import TEAM
from adapters.inbound.cli.users import USER

_PEOPLE: Final = ("user_id", "requested_by", "accepted_by")

app: Final = commands_of(
    "cover", "Requests for cover and swaps: ask, list, show, accept, decline, withdraw.", group=INCIDENTS
)

From = Annotated[str, Parameter(name="--from", help="An ISO date and time, such as 2026-12-24T18:00.")]
To = Annotated[str, Parameter(name="--to", help="The same; the interval ends before it.")]
People = Annotated[
    tuple[str, ...],
    Parameter(
        name="--of", negative="", show_default=False, help="Whom to ask, by e-mail address, name or id; or the team."
    ),
]


@app.command
def ask(
    *,
    schedule: str,
    starts: From,
    ends: To,
    of: People = (),
    offers_from: str | None = None,
    offers_to: str | None = None,
    expires: str | None = None,
    note: str = "",
    user: str | None = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Ask that somebody be on call in your place, or in exchange for time of theirs.

    Parameters
    ----------
    schedule
        Its name or id.
    offers_from
        A swap: from when you would take over from whoever accepts.
    offers_to
        And until when.
    expires
        When it is too late to accept; otherwise when the first interval begins.
    note
        What to tell those who are asked.
    user
        Whose time it is, for managers; otherwise your own.
    """
    if (offers_from is None) != (offers_to is None):
        raise CommandError("a swap needs --offers-from and --offers-to", ExitCode.USAGE)
    api = cli.api()
    body: dict[str, object] = {
        "schedule_id": find(api, SCHEDULE, schedule)["id"],
        "starts_at": instant_option("--from", starts, cli),
        "ends_at": instant_option("--to", ends, cli),
        "asked_of": ids_of(api, USER, of),
        "note": note,
    }
    if offers_from is not None:
        body["offers"] = {
            "starts_at": instant_option("--offers-from", offers_from, cli),
            "ends_at": instant_option("--offers-to", offers_to, cli),
        }
    if expires is not None:
        body["expires_at"] = instant_option("--expires", expires, cli)
    if user is not None:
        body["user_id"] = find(api, USER, user)["id"]
    _show_changed(api.post("/v1/cover-requests", body), output, cli)


@app.command(name="list")
def list_(
    *,
    mine: Switch = False,
    schedule: str | None = None,
    team: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """List requests for cover: open ones first, then the newest.

    Parameters
    ----------
    mine
        Only those about your own time, or that ask you by name.
    schedule
        Only those of this schedule, by its name or id.
    team
        Only those of this team's schedules, by its name or id.
    """
    api = cli.api()
    query = {
        "user_id": api.get("/v1/users/me")["id"] if mine else None,
        "schedule_id": id_of(api, SCHEDULE, schedule),
        "team_id": id_of(api, TEAM, team),
        "limit": limit,
        "cursor": cursor,
    }
    page = api.get("/v1/cover-requests", query)
    if output == "json":
        show_json(page)
        return
    show_requests(api, page["items"])
    say_more(page)


@app.command
def show(request_id: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show a request for cover, by its id."""
    api = cli.api()
    request = api.get(_path(request_id))
    if output == "json":
        show_json(request)
        return
    names = _names(api, (request,))
    show_fields((member.replace("_", " "), _named(value, names)) for member, value in request.items())


@app.command
def accept(request_id: str, /, *, output: Output = "table", cli: Given) -> None:
    """Take the time over: an override is put on the schedule, or two for a swap."""
    _show_changed(cli.api().post(f"{_path(request_id)}/accept"), output, cli)


@app.command
def decline(request_id: str, /, *, output: Output = "table", cli: Given) -> None:
    """Say that you will not."""
    _show_changed(cli.api().post(f"{_path(request_id)}/decline"), output, cli)


@app.command
def withdraw(request_id: str, /, *, output: Output = "table", cli: Given) -> None:
    """Take your request back."""
    _show_changed(cli.api().post(f"{_path(request_id)}/withdraw"), output, cli)


def show_requests(api: ApiClient, requests: Sequence[Record]) -> None:
    """A table of them, with names for the ids."""
    names = _names(api, requests)
    show_table(
        ("STATUS", "WHO", "SCHEDULE", "FROM", "TO", "FOR", "ASKED", "TAKEN BY", "ID"),
        (
            (
                each["status"],
                _named(each["user_id"], names),
                _named(each["schedule_id"], names),
                moment(each["starts_at"]),
                moment(each["ends_at"]),
                _offered(each["offers"]),
                _named(each["asked_of"], names) or "the team",
                _named(each["accepted_by"], names),
                each["id"],
            )
            for each in requests
        ),
    )


def _names(api: ApiClient, requests: Sequence[Record]) -> dict[str, str]:
    """Of the people and the schedules in them."""
    people = (
        one
        for each in requests
        for one in (*(each[member] for member in _PEOPLE), *each["asked_of"], *each["declined_by"])
    )
    schedules = (each["schedule_id"] for each in requests)
    return names_of(api, "/v1/users", people) | names_of(api, "/v1/schedules", schedules)


def _named(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, list):
        return ", ".join(names.get(each, each) for each in value)
    return names.get(value, value) if isinstance(value, str) else value


def _offered(offers: Record | None) -> str:
    return "" if offers is None else f"{moment(offers['starts_at'])} to {moment(offers['ends_at'])}"


def _path(request_id: str) -> str:
    return f"/v1/cover-requests/{segment(request_id)}"


def _show_changed(request: Record, output: Output, cli: Given) -> None:
    if output == "json":
        show_json(request)
        return
    until = f"; it expires {when(request['expires_at'], cli.now)}" if request["status"] == "open" else ""
    say(f"{request['id']} is {request['status']}{until}")
