from typing import Final

from adapters.inbound.cli.listing import Noun, noun_app

POLICY: Final = Noun(
    name="policy",
    plural="escalation policies",
    path="/v1/policies",
    columns=("name", "team_id", "repeats", "version", "id"),
    references={"team_id": "/v1/teams"},
)

app: Final = noun_app(POLICY)
