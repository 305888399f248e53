from typing import Final

from adapters.inbound.cli.listing import Noun, noun_app

SERVICE: Final = Noun(
    name="service",
    plural="services",
    path="/v1/services",
    columns=("name", "team_id", "policy_id", "urgency_rule", "description", "id"),
    references={"team_id": "/v1/teams", "policy_id": "/v1/policies"},
)

app: Final = noun_app(SERVICE)
