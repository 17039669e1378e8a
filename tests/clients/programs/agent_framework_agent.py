"""Microsoft's agent framework: what its model is given."""

import asyncio
import json

from agent_framework import (
    Agent,
    BaseChatClient,
    ChatResponse,
    Content,
    FunctionInvocationLayer,
    MCPStdioTool,
    MCPStreamableHTTPTool,
    Message,
)
from steps import COMMAND, WHERE, follow


class Scripted(FunctionInvocationLayer, BaseChatClient):
    """A model that makes one call and then ends."""

    def __init__(self, tool, arguments):
        super().__init__()
        self.call, self.given = (tool, arguments), []

    def _inner_get_response(self, *, messages, stream, options, **kwargs):
        async def answer():
            results = [c for m in messages for c in m.contents if c.type == "function_result"]
            if results:
                self.given = [c.to_dict() for c in results]
                content = Content.from_text("done")
            else:
                content = Content.from_function_call("1", self.call[0], arguments=json.dumps(self.call[1]))
            return ChatResponse(messages=Message("assistant", [content]))

        return answer()


async def main() -> None:
    """One connection for all runs of the agent."""
    if COMMAND:
        tool = MCPStdioTool("fixture", command=COMMAND[0], args=COMMAND[1:])
    else:
        tool = MCPStreamableHTTPTool("fixture", url=WHERE)
    async with tool:

        async def see(name, arguments):
            model = Scripted(name, arguments)
            await Agent(model, tools=[tool]).run("go")
            return {"text": json.dumps(model.given, default=str)}

        await follow(see)


asyncio.run(main())
