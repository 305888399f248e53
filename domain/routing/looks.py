"""When what waits for another to be over is looked at again, although nobody said that it is."""

from datetime import datetime, timedelta
from typing import Final

# What another alert mutes, or an incident upstream, is looked at for the first time so soon, and then at twice its age
# each time: seldom enough for an outage of days, and soon enough when the other was over in the very moment that it was
# asked about.
FIRST_LOOK: Final = timedelta(minutes=1)


def next_look(triggered_at: datetime, *, at: datetime) -> datetime:
    """When to see again whether what is muted still has to wait, if nobody says so before."""
    return at + max(FIRST_LOOK, at - triggered_at)
