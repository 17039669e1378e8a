"""The addresses at which people answer from outside the console; each proves by itself who they are."""

from starlette.routing import Route

from proxy.channels.mail.answering import Answering
from proxy.channels.slack.interactions import Interactions
from proxy.console.reviewing import Reviewing


def routes(reviewing: Reviewing) -> list[Route]:
    """All of them; what is not configured answers 404."""
    letters = Answering(reviewing)
    return [
        Route("/channels/slack/interactions", Interactions(reviewing).hear, methods=["POST"]),
        Route("/channels/mail/{hold_id}/{seal}", letters.look),
        Route("/channels/mail/{hold_id}/{seal}", letters.decide, methods=["POST"]),
    ]
