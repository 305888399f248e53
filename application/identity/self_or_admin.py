from application.authorize import require
from domain.identity.actor import Actor, CredentialKind
from domain.identity.role import Permission
from domain.shared.ids import UserId


def require_self_or_admin(actor: Actor, user_id: UserId) -> None:
    """Users change what is their own once they have logged in; a key or a link that acts for them must not.

    Raises `ForbiddenError`.
    """
    is_self = actor.user_id == user_id and actor.credential is CredentialKind.SESSION
    require(actor, Permission.READ if is_self else Permission.ADMINISTER)
