from typing import Final

from adapters.inbound.cli.listing import Noun, noun_app

INTEGRATION: Final = Noun(
    name="integration",
    plural="integrations",
    path="/v1/integrations",
    columns=("name", "kind", "service_id", "grouping", "is_strict", "id"),
    references={"service_id": "/v1/services", "team_id": "/v1/teams"},
)

app: Final = noun_app(INTEGRATION)
