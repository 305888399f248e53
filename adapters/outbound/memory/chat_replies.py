from application.ports.chat_replies import ChatReplies


class MemoryChatReplies(ChatReplies):
    def __init__(self) -> None:
        self.replies: list[tuple[str, str]] = []

    async def reply(self, url: str, text: str) -> None:
        self.replies.append((url, text))
