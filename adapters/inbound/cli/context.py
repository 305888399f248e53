"""What every command is given beside its arguments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from cyclopts import App, Group, Parameter

from adapters.inbound.cli.client import ApiClient
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.operations import Operations
from adapters.inbound.cli.profile import find_server, find_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    operations: Operations
    environment: Mapping[str, str]
    now: datetime

    def api(self) -> ApiClient:
        """The server, with a credential. Raises `CommandError`."""
        server = find_server(self.environment)
        if not server.token:
            message = f"there is no token for {server.url}: set TOCSIN_TOKEN to a key made with `tocsin token create`"
            raise CommandError(message, ExitCode.AUTH)
        return ApiClient(server.url, server.token)

    def door(self, key: str = "") -> ApiClient:
        """The server, for what needs no credential of a user. Raises `CommandError`."""
        return ApiClient(find_url(self.environment), key)


# As `--help` sorts the commands.
INCIDENTS: Final = Group("Incidents", sort_key=1)
CONFIGURATION: Final = Group("Configuration", sort_key=2)
INSTALLATION: Final = Group("Installation", sort_key=3)

# A switch that is off unless it is given.
Switch = Annotated[bool, Parameter(negative="", show_default=False)]
# What may be given several times, and not by `--no-`.
Several = Annotated[tuple[str, ...], Parameter(negative=())]
# Not read from the command line: the program hands it over.
Given = Annotated[Context, Parameter(parse=False)]


def commands_of(name: str, summary: str, *, group: Group) -> App:
    """The commands of one noun, to be filled. The exit codes are told once, by the program itself."""
    return App(name=name, help=summary, group=group, help_epilogue="")
