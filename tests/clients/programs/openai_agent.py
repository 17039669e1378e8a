"""OpenAI Agents: what its model is given."""

import asyncio
import json

from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
from agents.mcp import MCPServerStdio, MCPServerStreamableHttp
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from steps import COMMAND, WHERE, follow

set_tracing_disabled(True)


class Scripted(Model):
    """A model that makes one call and then ends."""

    def __init__(self, tool, arguments):
        self.call, self.given = (tool, json.dumps(arguments)), None

    async def get_response(self, system_instructions, input, *args, **kwargs):
        last = input[-1] if isinstance(input, list) else {}
        if last.get("type") == "function_call_output":
            self.given = last["output"]
            text = ResponseOutputText(text="done", type="output_text", annotations=[])
            output = ResponseOutputMessage(
                id="m", content=[text], role="assistant", status="completed", type="message"
            )
        else:
            output = ResponseFunctionToolCall(
                name=self.call[0], arguments=self.call[1], call_id="1", type="function_call"
            )
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def stream_response(self, *args, **kwargs):
        raise NotImplementedError


async def main() -> None:
    """One session for all runs of the agent; the SDK's own retries are on."""
    if COMMAND:
        server = MCPServerStdio({"command": COMMAND[0], "args": COMMAND[1:]}, max_retry_attempts=2)
    else:
        server = MCPServerStreamableHttp({"url": WHERE}, max_retry_attempts=2)
    async with server:

        async def see(tool, arguments):
            model = Scripted(tool, arguments)
            await Runner.run(Agent(name="a", model=model, mcp_servers=[server]), "go", max_turns=3)
            return {"text": json.dumps(model.given, default=str)}

        await follow(see)


asyncio.run(main())
