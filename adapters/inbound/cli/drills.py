from typing import Final

from adapters.inbound.cli.client import ApiClient, Record
from adapters.inbound.cli.context import CONFIGURATION, Given, Switch, commands_of
from adapters.inbound.cli.listing import find
from adapters.inbound.cli.output import Output, say, show_json, show_line
from adapters.inbound.cli.schedules import SCHEDULE
from adapters.inbound.cli.users import USER

app: Final = commands_of("drill", "Drills: send a test page to a user or a schedule.", group=CONFIGURATION)


@app.command
def user(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """Send somebody a test page on each of their contacts.

    Parameters
    ----------
    ref
        Name, e-mail address or id.
    """
    api = cli.api()
    found = find(api, USER, ref)
    _show(api, api.post(f"{USER.path}/{found['id']}/drill"), output)


@app.command
def schedule(ref: str, /, *, everyone: Switch = False, output: Output = "table", cli: Given) -> None:
    """Send a test page to whoever is on call in a schedule now.

    Parameters
    ----------
    ref
        Its name or id.
    everyone
        To all who take turns, not only to those on call.
    """
    api = cli.api()
    found = find(api, SCHEDULE, ref)
    _show(api, api.post(f"{SCHEDULE.path}/{found['id']}/drill", {"everyone": everyone}), output)


def _show(api: ApiClient, drilled: Record, output: Output) -> None:
    if output == "json":
        show_json(drilled)
        return
    for meaning, ids in (("told", drilled["told_ids"]), ("CANNOT BE REACHED", drilled["unreachable_ids"])):
        for user_id in ids:
            show_line(f"{meaning}: {api.get(f'{USER.path}/{user_id}')['name']}")
    if drilled["told_ids"]:
        say("each message has a link to confirm that it arrived; `tocsin readiness` shows who did")
    elif not drilled["unreachable_ids"]:
        say("nobody is on call there now")
