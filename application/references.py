"""What a configuration names has to exist, and the answer says where it does not."""

from collections.abc import Iterable
from typing import NamedTuple

from application.ports.references import Reference, References
from domain.shared.errors import InvalidValueError


class NamedReference(NamedTuple):
    field: str  # where it stands, such as `steps[0].targets[1].id`
    reference: Reference


async def require_known(
    references: References, named: Iterable[NamedReference], *, before: Iterable[NamedReference] = ()
) -> None:
    """Raises `InvalidValueError` for the first field that names nothing.

    What the configuration named before may stay: a user who has left must not bar every other change.
    """
    accepted = {each.reference for each in before}
    asked = [each for each in named if each.reference not in accepted]
    if not asked:
        return
    missing = await references.missing({each.reference for each in asked})
    for field, reference in asked:
        if reference in missing:
            raise InvalidValueError(field, f"names no {reference.kind} that is there: {reference.id}")
