from typing import Final

from adapters.inbound.cli.listing import Noun, noun_app

TEAM: Final = Noun(name="team", plural="teams", path="/v1/teams", columns=("name", "id"))

app: Final = noun_app(TEAM)
