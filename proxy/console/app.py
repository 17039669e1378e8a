"""Puts the console together: the door, then the probes for machines, the API and the pages for reviewers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, Router

from proxy.channels.deliveries import Deliveries
from proxy.channels.routes import routes as channel_routes
from proxy.console.deciding.batches import Batches
from proxy.console.deciding.decisions import Decisions
from proxy.console.deciding.edits import Edits
from proxy.console.deciding.resolving import Resolving
from proxy.console.deciding.talks import Talks
from proxy.console.door import Authentication, Door
from proxy.console.events import EventStream
from proxy.console.granting.grants import Grants
from proxy.console.keys import Keys
from proxy.console.kill import KillSwitch
from proxy.console.openapi import document
from proxy.console.pages.nowhere import nowhere
from proxy.console.pages.routes import routes
from proxy.console.pages.shell import Shell
from proxy.console.pins import Pins
from proxy.console.probes import Probes
from proxy.console.problem import EXCEPTION_HANDLERS
from proxy.console.quality.labels import LabelRoutes
from proxy.console.quality.passed import Passed
from proxy.console.reading.board import Board
from proxy.console.reading.contents import Contents
from proxy.console.reading.holds import Holds
from proxy.console.reading.lines import Lines
from proxy.console.reading.receipts import Receipts
from proxy.console.reviewing import Reviewing


def create(reviewing: Reviewing) -> Starlette:
    """The console as an ASGI application."""
    lines, shell = Lines(reviewing), Shell(reviewing)
    probes = Probes(reviewing, lines.board)

    @asynccontextmanager
    async def keeping_up(_app: Starlette) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            keeping_up = tasks.create_task(lines.keep_up())
            yield
            keeping_up.cancel()

    app = Starlette(
        routes=[
            Route("/healthz", probes.health),
            Route("/readyz", probes.ready),
            Route("/metrics", probes.metrics),
            Mount("/api", app=_api(reviewing, lines.board)),
            *channel_routes(reviewing),
            *routes(shell, lines),
        ],
        middleware=[Middleware(Door, address=reviewing.address, names=reviewing.names)],
        lifespan=keeping_up,
        exception_handlers={**EXCEPTION_HANDLERS, HTTPException: nowhere(shell)},
    )
    app.router.redirect_slashes = False
    return app


def _api(reviewing: Reviewing, board: Board) -> Router:
    """What a reviewer's token opens, unknown addresses included."""
    holds, decisions, kill = Holds(reviewing, board), Decisions(reviewing), KillSwitch(reviewing)
    edits, talks = Edits(reviewing), Talks(reviewing)
    grants, passed = Grants(reviewing), Passed(reviewing)
    keys, pins, deliveries = Keys(reviewing), Pins(reviewing), Deliveries(reviewing)
    return Router(
        routes=[
            Route("/holds", holds.list),
            Route("/holds/approve", Batches(reviewing).approve, methods=["POST"]),
            Route("/holds/{hold_id}", holds.show),
            Route("/holds/{hold_id}/content", Contents(reviewing).show),
            Route("/holds/{hold_id}/receipt", Receipts(reviewing).show),
            Route("/holds/{hold_id}/approve", decisions.approve, methods=["POST"]),
            Route("/holds/{hold_id}/reject", decisions.reject, methods=["POST"]),
            Route("/holds/{hold_id}/edit/preview", edits.preview, methods=["POST"]),
            Route("/holds/{hold_id}/edit", edits.apply, methods=["POST"]),
            Route("/holds/{hold_id}/ask", talks.ask, methods=["POST"]),
            Route("/holds/{hold_id}/comment", talks.comment, methods=["POST"]),
            Route("/holds/{hold_id}/label", LabelRoutes(reviewing).hold, methods=["POST"]),
            Route("/holds/{hold_id}/claim", talks.claim, methods=["POST"]),
            Route("/holds/{hold_id}/unclaim", talks.unclaim, methods=["POST"]),
            Route("/holds/{hold_id}/respond", decisions.respond, methods=["POST"]),
            Route("/holds/{hold_id}/undo", decisions.undo, methods=["POST"]),
            Route("/holds/{hold_id}/grant", grants.give, methods=["POST"]),
            Route("/grants", grants.show),
            Route("/grants/{grant_id}", grants.take_back, methods=["DELETE"]),
            Route("/holds/{hold_id}/ask-again", decisions.ask_again, methods=["POST"]),
            Route("/keys", keys.show),
            Route("/keys/prepare", keys.prepare, methods=["POST"]),
            Route("/keys/rotate", keys.rotate, methods=["POST"]),
            Route("/keys/rewrap", keys.rewrap, methods=["POST"]),
            Route("/holds/{hold_id}/cancel", decisions.cancel, methods=["POST"]),
            Route("/holds/{hold_id}/resolve", Resolving(reviewing).resolve, methods=["POST"]),
            Route("/passed", passed.list),
            Route("/passed/{sample_id}", passed.show),
            Route("/passed/{sample_id}/label", passed.label, methods=["POST"]),
            Route("/deliveries", deliveries.show),
            Route("/deliveries/again", deliveries.again, methods=["POST"]),
            Route("/pins", pins.show),
            Route("/pins/accept", pins.accept, methods=["POST"]),
            Route("/openapi.json", document.serve),
            Route("/events", EventStream(reviewing).stream),
            Route("/kill", kill.serve, methods=["GET", "POST", "DELETE"]),
        ],
        middleware=[Middleware(Authentication, people=reviewing.people)],
        redirect_slashes=False,
    )
