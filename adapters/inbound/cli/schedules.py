from typing import Final

from adapters.inbound.cli.listing import Noun, noun_app

SCHEDULE: Final = Noun(
    name="schedule",
    plural="schedules",
    path="/v1/schedules",
    columns=("name", "team_id", "time_zone", "id"),
    references={"team_id": "/v1/teams"},
)

app: Final = noun_app(SCHEDULE)
