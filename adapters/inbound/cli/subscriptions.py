from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import ApiClient, Record, segment
from adapters.inbound.cli.context import Given, Switch
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.instants import instant_option
from adapters.inbound.cli.issued import show_issued
from adapters.inbound.cli.listing import Cursor, Limit, Noun, find, noun_app, show_page
from adapters.inbound.cli.output import Output, moment, say
from adapters.inbound.cli.teams import TEAM

SUBSCRIPTION: Final = Noun(
    name="subscription",
    plural="subscriptions",
    path="/v1/subscriptions",
    columns=("name", "kind", "team_id", "address", "event_kinds", "is_enabled", "id"),
    references={"team_id": "/v1/teams"},
)

app: Final = noun_app(SUBSCRIPTION)

Events = Annotated[
    tuple[str, ...],
    Parameter(name="--event", negative="", show_default=False, help="A kind such as incident.triggered or incident.*."),
]


@app.command
def create(
    name: str,
    /,
    *,
    kind: str,
    address: str,
    team: str | None = None,
    event: Events = (),
    output: Output = "table",
    cli: Given,
) -> None:
    """Have events sent somewhere. The secret that webhooks are signed with is shown this once.

    Parameters
    ----------
    kind
        webhook, sns or sqs.
    address
        A URL, or the ARN of a topic or a queue.
    team
        Whose incidents, by its name or id; without one those of every team.
    """
    api = cli.api()
    body: dict[str, object] = {"name": name, "kind": kind, "address": address, "event_kinds": list(event)}
    if team is not None:
        body["team_id"] = find(api, TEAM, team)["id"]
    show_issued(api.post(SUBSCRIPTION.path, body), "subscription", output)


@app.command(name="rotate-secret")
def rotate_secret(ref: str, /, *, overlap_seconds: int = 86_400, output: Output = "table", cli: Given) -> None:
    """Give a webhook a new secret; the old one signs as well until the overlap ends."""
    api = cli.api()
    show_issued(
        api.post(f"{_path(api, ref)}/rotate-secret", {"overlap_seconds": overlap_seconds}), "subscription", output
    )


@app.command
def enable(ref: str, /, *, skip_missed: Switch = False, cli: Given) -> None:
    """Switch it on: it is told what it missed, unless that is skipped."""
    _patch(cli.api(), ref, {"is_enabled": True, "skip_missed": skip_missed})


@app.command
def disable(ref: str, /, *, cli: Given) -> None:
    """Switch it off: nothing is recorded for it, and nothing sent."""
    _patch(cli.api(), ref, {"is_enabled": False})


@app.command
def delete(ref: str, /, *, cli: Given) -> None:
    """Take it away, with what waits for it."""
    api = cli.api()
    api.delete(_path(api, ref))
    say("deleted")


@app.command
def ping(ref: str, /, *, cli: Given) -> None:
    """Send a test event by the way of all others; `deliveries` tells what became of it."""
    api = cli.api()
    api.post(f"{_path(api, ref)}/ping")
    say(f"sent; see `tocsin subscription deliveries {ref}`")


@app.command
def deliveries(
    ref: str,
    /,
    *,
    status: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """List what was sent to it and what waits, newest events first.

    Parameters
    ----------
    status
        Only pending, delivered or failed.
    """
    api = cli.api()
    page = api.get(f"{_path(api, ref)}/deliveries", {"status": status, "limit": limit, "cursor": cursor})
    columns = ("EVENT", "AT", "STATUS", "ATTEMPTS", "LAST OUTCOME", "WEBHOOK ID", "ID")
    show_page(page, output, columns, _row)


@app.command
def replay(
    ref: str,
    /,
    *,
    delivery: str | None = None,
    since: str | None = None,
    until: str | None = None,
    only_failed: Switch = False,
    cli: Given,
) -> None:
    """Send once more, under the ids that they had: one delivery, or the events of an interval.

    Parameters
    ----------
    delivery
        Its id.
    since
        `2h`, which is that long ago, or an ISO date and time.
    until
        The same; otherwise now.
    only_failed
        Only what was given up.
    """
    api = cli.api()
    path = _path(api, ref)
    if (delivery is None) == (since is None):
        raise CommandError("say --delivery, or --since with or without --until", ExitCode.USAGE)
    if delivery is not None:
        api.post(f"{path}/deliveries/{segment(delivery)}/replay")
        say("1 is sent again")
        return
    assert since is not None
    body = {
        "since": instant_option("--since", since, cli),
        "until": cli.now.isoformat() if until is None else instant_option("--until", until, cli),
        "only_failed": only_failed,
    }
    replayed = api.post(f"{path}/replay", body)
    more = replayed["next_since"]
    say(f"{replayed['count']} are sent again" + (f"; there are more: add --since {more}" if more else ""))


def _path(api: ApiClient, ref: str) -> str:
    return f"{SUBSCRIPTION.path}/{find(api, SUBSCRIPTION, ref)['id']}"


def _patch(api: ApiClient, ref: str, body: Record) -> None:
    found = find(api, SUBSCRIPTION, ref)
    api.patch(f"{SUBSCRIPTION.path}/{found['id']}", body, tag=f'"v{found["version"]}"')
    say("switched on" if body["is_enabled"] else "switched off")


def _row(delivery: Record) -> tuple[object, ...]:
    last = delivery["log"][-1]["detail"] if delivery["log"] else ""
    at, attempts = moment(delivery["event_at"]), delivery["attempts"]
    return delivery["kind"], at, delivery["status"], attempts, last, delivery["webhook_id"], delivery["id"]
