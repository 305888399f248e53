"""What all rules have in common: one revision, which every commit that changes a rule of any kind moves on."""

from typing import Final

from adapters.outbound.postgres.named import hint_configuration
from adapters.outbound.postgres.session import PostgresSession

# Writers wait for each other here, so that revisions are seen in the order of their commits.
_REVISE: Final = """
INSERT INTO rulebook AS r (id, revision) VALUES (true, 1) ON CONFLICT (id) DO UPDATE SET revision = r.revision + 1
"""


async def revise(session: PostgresSession) -> None:
    """Tell every process, with the commit, that the rules in its memory are out of date."""
    await session.connection.execute(_REVISE)
    await hint_configuration(session)
