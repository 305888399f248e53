from typing import Final

from adapters.inbound.cli.client import ApiClient, Record
from adapters.inbound.cli.context import Given, Switch
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import Noun, find, noun_app
from adapters.inbound.cli.output import Output, say, show_fields, show_json, show_line

USER: Final = Noun(
    name="user",
    plural="users",
    path="/v1/users",
    columns=("name", "email", "role", "time_zone", "is_active", "id"),
    known_by=("email", "name"),
)

app: Final = noun_app(USER)
app.help = "Users: list, show, create, edit, shift-notices, verify and confirm a contact."


@app.command
def create(
    *,
    email: str,
    name: str,
    role: str = "responder",
    time_zone: str = "UTC",
    holiday_region: str | None = None,
    first_admin: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Let somebody in. Prints what they need to choose a password; it is shown only now.

    Parameters
    ----------
    role
        viewer, responder, manager or admin.
    time_zone
        An IANA name, such as Europe/Berlin.
    holiday_region
        Whose public holidays are theirs, such as DE, or DE-BY for a part of it.
    first_admin
        At the database, where there is no active admin yet who could let anybody in.
    """
    if first_admin:
        made = cli.operations.create_first_admin(email=email, name=name)
    else:
        body = {"email": email, "name": name, "role": role, "time_zone": time_zone}
        if holiday_region is not None:
            body["holiday_region"] = holiday_region.upper()
        made = cli.api().post("/v1/users", body)
    if output == "json":
        show_json(made)
        return
    say(f"{made['user']['name']} ({made['user']['role']}) can log in as {made['user']['email']}")
    if "password" in made:
        say("with this password, which is shown only now; `tocsin setup` and the secret below it choose another one:")
        show_line(made["password"])
    else:
        say("after choosing a password with `tocsin setup` and this secret, once, within a day:")
    show_line(made["setup_secret"])


@app.command
def edit(
    user: str,
    /,
    *,
    holiday_region: str | None = None,
    no_holiday_region: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Change what is known of a user.

    Parameters
    ----------
    user
        By name, e-mail address or id.
    holiday_region
        Whose public holidays are theirs, such as DE, or DE-BY for a part of it.
    no_holiday_region
        None are.
    """
    if (holiday_region is None) == (not no_holiday_region):
        raise CommandError("give one of --holiday-region and --no-holiday-region", ExitCode.USAGE)
    api = cli.api()
    found = find(api, USER, user)
    body = {"holiday_region": None if holiday_region is None else holiday_region.upper()}
    changed = api.patch(f"{USER.path}/{found['id']}", body, tag=f'"v{found["version"]}"')
    if output == "json":
        show_json(changed)
        return
    say(f"{changed['name']} is changed")


@app.command(name="shift-notices")
def shift_notices(
    user: str,
    /,
    *,
    ahead: bool | None = None,
    started: bool | None = None,
    ended: bool | None = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show or set which notices of their shifts a user wants. Pages and requests for cover come as before.

    Parameters
    ----------
    user
        By name, e-mail address or id.
    ahead
        That they will be on call.
    started
        That they are on call now.
    ended
        That they handed off.
    """
    api = cli.api()
    found = find(api, USER, user)
    path = f"{USER.path}/{found['id']}/shift-notices"
    given = {"ahead": ahead, "started": started, "ended": ended}
    change = {name: wish for name, wish in given.items() if wish is not None}
    wishes = api.patch(path, change, tag=None) if change else api.get(path)
    if output == "json":
        show_json(wishes)
        return
    show_fields((name, "yes" if wishes[name] else "no") for name in given)


@app.command
def verify(user: str, contact: str, /, *, output: Output = "table", cli: Given) -> None:
    """Send a code to a contact of a user, by its address or id, over its own channel."""
    api = cli.api()
    path, found = _contact(api, user, contact)
    answer = api.post(f"{path}/verification", None)
    if output == "json":
        show_json(answer)
        return
    say(f"a code is on its way to {found['address']} by {found['channel']}, good until {answer['expires_at']}")


@app.command
def confirm(user: str, contact: str, code: str, /, *, output: Output = "table", cli: Given) -> None:
    """Say the code that arrived at a contact: from now on it counts."""
    api = cli.api()
    path, _ = _contact(api, user, contact)
    answer = api.post(f"{path}/confirm", {"code": code})
    if output == "json":
        show_json(answer)
        return
    say(f"{answer['address']} by {answer['channel']} is verified")


def _contact(api: ApiClient, user: str, contact: str) -> tuple[str, Record]:
    """The path of the contact in the API, and what it is. Raises `CommandError`."""
    whose = find(api, USER, user)
    rules = api.get(f"{USER.path}/{whose['id']}/notification-rules")
    for each in rules["contacts"]:
        if contact in (each["id"], each["address"]):
            return f"{USER.path}/{whose['id']}/contacts/{each['id']}", each
    raise CommandError(f"{whose['name']} has no contact {contact!r}", ExitCode.NOT_FOUND)
