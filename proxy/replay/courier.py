"""What carries an approved tool call: the agent's own session with the server, and nothing else."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from rules.action import Action
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.reply import Reply
from rules.verdict import Judgement

type Cross = Callable[[Action | None], Awaitable[None]]
"""To be awaited right before the first byte leaves, with the HTTP request that it is of, if it is one.

What it raises has to be let through: then no byte may leave.
"""


class Watch(Protocol):
    """Watches one exchange over HTTP."""

    crossed: bool
    """Whether its first byte may have left."""

    async def before_first_byte(self) -> None:
        """Called right before it leaves; what it raises keeps it from leaving."""

    def enough(self, content: bytearray) -> bool:
        """Whether the answer is complete, though the upstream has not ended it."""


class Courier(Protocol):
    """One live session of the agent's with one server."""

    def judge(self, action: ToolAction) -> Judgement:
        """What the policy of this moment says of `action`."""

    async def carry(self, hold: Hold, action: ToolAction, cross: Cross) -> Reply:
        """Send `action` once and return the server's answer; below 400 it is the tool's success.

        Raises OSError or TimeoutError where no answer can come any more.
        """
