"""Socket Mode, where the app has a token for it: the worker takes button presses, and no address has to be public."""

from asyncio import Event

from dishka import AsyncContainer

from adapters.inbound.slack.interactivity import ButtonPress
from adapters.inbound.slack.press import AnswerPress
from adapters.inbound.slack.socket_mode import SocketMode
from adapters.outbound.http.session import guarded_session
from adapters.outbound.slack.client import SlackSettings
from adapters.outbound.slack.sockets import SlackSockets
from application.identity.recognize import RecognizeSlackMember
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.resolve import ResolveIncident
from application.ports.chat_replies import ChatReplies
from entrypoints.providers.notifiers import guard_for
from entrypoints.settings import Settings


async def socket_mode(container: AsyncContainer, draining: Event) -> None:
    """Runs until draining is set."""
    settings = await container.get(Settings)
    replies = await container.get(ChatReplies)

    async def answer(press: ButtonPress) -> str | None:
        async with container() as request:
            answer_press = AnswerPress(
                await request.get(RecognizeSlackMember),
                await request.get(AcknowledgeIncident),
                await request.get(ResolveIncident),
            )
            return (await answer_press(press)).refusal

    async with guarded_session(guard_for(settings, settings.slack_url)) as session:
        slack = SlackSettings(token=settings.slack_app_token, base_url=settings.slack_url)
        sockets = SlackSockets(slack, session)
        await SocketMode(sockets.open_url, session, answer, replies).run(draining)
