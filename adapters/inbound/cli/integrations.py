import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import Record
from adapters.inbound.cli.context import Given
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import Noun, find, noun_app
from adapters.inbound.cli.output import Output, say, show_json, show_line

INTEGRATION: Final = Noun(
    name="integration",
    plural="integrations",
    path="/v1/integrations",
    columns=("name", "kind", "service_id", "grouping", "is_strict", "id"),
    references={"service_id": "/v1/services", "team_id": "/v1/teams"},
)

Overlap = Annotated[int, Parameter(help="How long the old one stays good beside the new one: 0 to 720 hours.")]

app: Final = noun_app(INTEGRATION)
app.help = "Integrations: list, show, their keys and what their senders sign with."


@app.command
def rotate_key(ref: str, /, *, overlap_hours: Overlap = 24, output: Output = "table", cli: Given) -> None:
    """Give an integration, by its name or id, a new key. It is shown only now."""
    api = cli.api()
    integration = find(api, INTEGRATION, ref)
    made = api.post(f"{_path(integration)}/rotate-key", {"overlap_seconds": overlap_hours * 3600})
    if output == "json":
        show_json(made)
        return
    say(f"the old key of {integration['name']} is good for {overlap_hours} h more; the new one is shown only now:")
    show_line(made["key"])


@app.command
def sign(ref: str, /, *, secret_file: str, overlap_hours: Overlap = 24, output: Output = "table", cli: Given) -> None:
    """Take only what an integration's sender signs with a secret; repeat it with another one to replace it.

    Parameters
    ----------
    secret_file
        Where the secret is; `-` is the standard input. The line end behind it does not count.
    """
    api = cli.api()
    integration = find(api, INTEGRATION, ref)
    body = {"secret": _secret(secret_file), "overlap_seconds": overlap_hours * 3600}
    signed = api.put(f"{_path(integration)}/signing-secret", body, tag=None)
    if output == "json":
        show_json(signed)
        return
    say(f"{integration['name']} takes only what is signed")


@app.command
def unsign(ref: str, /, *, cli: Given) -> None:
    """Take what is unsigned again: an integration's key alone lets in."""
    api = cli.api()
    integration = find(api, INTEGRATION, ref)
    api.delete(f"{_path(integration)}/signing-secret")
    say(f"{integration['name']} takes what is unsigned")


def _path(integration: Record) -> str:
    return f"{INTEGRATION.path}/{integration['id']}"


def _secret(file: str) -> str:
    try:
        return (sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read {file}: {error}", ExitCode.USAGE) from None
