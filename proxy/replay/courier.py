"""What carries an approved tool call: the agent's own session with the server, and nothing else."""

from typing import Protocol

from proxy.replay.line import Line
from rules.mcp.action import ToolAction
from rules.reply import Reply
from rules.verdict import Judgement


class Courier(Protocol):
    """One live session of the agent's with one server."""

    def judge(self, action: ToolAction) -> Judgement:
        """What the policy of this moment says of `action`."""

    async def carry(self, action: ToolAction, line: Line) -> Reply:
        """Send `action` once and return the server's answer; below 400 it is the tool's success.

        Steps over `line` right before the first byte. Raises OSError where no answer can come any more.
        """
