from typing import Annotated, Final, Literal

from cyclopts import Parameter

from adapters.inbound.cli.client import segment
from adapters.inbound.cli.context import CONFIGURATION, Given, Switch, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import Cursor, Limit, find, is_id, show_page
from adapters.inbound.cli.output import Output, say, show_json, show_line, when
from adapters.inbound.cli.users import USER

app: Final = commands_of("token", "API keys: create, list, revoke.", group=CONFIGURATION)

Scope = Literal["read", "respond", "configure", "administer"]


@app.command
def create(
    name: str,
    /,
    *,
    scopes: Annotated[tuple[Scope, ...], Parameter(name="--scope", negative="", show_default=False)] = (
        "read",
        "respond",
    ),
    days: int = 90,
    user: str | None = None,
    local: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Let a machine act as a user. Its secret is shown only now.

    Parameters
    ----------
    name
        What it is for.
    scopes
        What the key may do; may be given several times. Otherwise read and respond.
    days
        Until it expires: 1 to 365.
    user
        Whom it acts as, by e-mail address, name or id; otherwise whoever asks.
    local
        At the database, for the first admin, when there is no key yet to ask the API with.
    """
    if local and user is not None:
        raise CommandError("--local makes a key for the first admin: leave out --user", ExitCode.USAGE)
    if local:
        made = cli.operations.create_key(name=name, scopes=frozenset(scopes), days=days)
    else:
        api = cli.api()
        body: dict[str, object] = {"name": name, "scopes": sorted(set(scopes)), "expires_in_days": days}
        if user is not None:
            body["user_id"] = user if is_id(user) else find(api, USER, user)["id"]
        made = api.post("/v1/api-keys", body)
    if output == "json":
        show_json(made)
        return
    expires = when(made["key"]["expires_at"], cli.now)
    say(f"{', '.join(made['key']['scopes'])} until {expires}; send it as a bearer token. It is shown only now:")
    show_line(made["secret"])


@app.command(name="list")
def list_(*, limit: Limit = 50, cursor: Cursor = None, output: Output = "table", cli: Given) -> None:
    """List API keys by name, with those that no longer work."""
    page = cli.api().get("/v1/api-keys", {"limit": limit, "cursor": cursor})
    show_page(
        page,
        output,
        ("NAME", "SCOPES", "EXPIRES", "REVOKED", "ID"),
        lambda key: (
            key["name"],
            ",".join(key["scopes"]),
            when(key["expires_at"], cli.now),
            when(key["revoked_at"], cli.now),
            key["id"],
        ),
    )


@app.command
def revoke(key_id: str, /, *, output: Output = "table", cli: Given) -> None:
    """Take a key back, by its id."""
    revoked = cli.api().post(f"/v1/api-keys/{segment(key_id)}/revoke")
    if output == "json":
        show_json(revoked)
        return
    say(f"{revoked['name']} does not work any more")
