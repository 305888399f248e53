"""What both halves of a verification need: the contact, of a user who is held."""

from application.errors import NotFoundError
from application.ports.directory import Reachability
from application.ports.users import UserRepository
from domain.notification.contact import Contact
from domain.shared.ids import ContactId, UserId


async def held_contact(users: UserRepository, user_id: UserId, contact_id: ContactId) -> tuple[Reachability, Contact]:
    """Raises `NotFoundError`."""
    await users.get(user_id)
    reachability = await users.reachability(user_id)
    for contact in reachability.contacts:
        if contact.id == contact_id:
            return reachability, contact
    raise NotFoundError("contact", contact_id)
