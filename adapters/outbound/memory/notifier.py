"""The Notifier port without a provider: it remembers what it was given and answers as it was told."""

from collections import deque
from collections.abc import Iterable

from application.ports.notifier import Delivery, Message, NoticeMessage, Notifier, Outcome


class MemoryNotifier(Notifier):
    """Delivers everything, except that the deliveries it was scripted with come first, in their order."""

    def __init__(self, script: Iterable[Delivery] = ()) -> None:
        self.attempts: list[Message] = []  # every message it was asked to send
        self.sent: list[Message] = []  # those whose person has them
        self.notices: list[NoticeMessage] = []  # likewise, those about no incident
        self._script = deque(script)
        self._refused: set[str] = set()

    def refuse(self, *addresses: str) -> None:
        """Take nothing for these, for good."""
        self._refused.update(addresses)

    def answer_next(self, *deliveries: Delivery) -> None:
        """Append to the script."""
        self._script.extend(deliveries)

    async def send(self, message: Message) -> Delivery:
        self.attempts.append(message)
        delivery = self._answer(message.address)
        if delivery.outcome is Outcome.DELIVERED:
            self.sent.append(message)
        return delivery

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        delivery = self._answer(notice.address)
        if delivery.outcome is Outcome.DELIVERED:
            self.notices.append(notice)
        return delivery

    def _answer(self, address: str) -> Delivery:
        if address in self._refused:
            return Delivery(outcome=Outcome.REJECTED, detail="no such address")
        if self._script:
            return self._script.popleft()
        number = len(self.sent) + len(self.notices) + 1
        return Delivery(outcome=Outcome.DELIVERED, detail="kept in memory", receipt={"number": str(number)})
