"""Google's Agent Development Kit: what its model is given."""

import asyncio
import json

from google.adk.agents import LlmAgent
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_response import LlmResponse
from google.adk.runners import InMemoryRunner
from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams, StreamableHTTPConnectionParams
from google.genai import types
from mcp import StdioServerParameters
from steps import COMMAND, WHERE, follow


class Scripted(BaseLlm):
    """A model that makes one call and then ends."""

    call: dict = {}
    given: list = []

    async def generate_content_async(self, llm_request, stream=False):
        answer = llm_request.contents[-1].parts[0].function_response
        if answer:
            self.given.append(answer.response)
            part = types.Part(text="done")
        else:
            part = types.Part(function_call=types.FunctionCall(**self.call))
        yield LlmResponse(content=types.Content(role="model", parts=[part]))


async def main() -> None:
    """One toolset for all runs of the agent."""
    if COMMAND:
        parameters = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:])
        connection = StdioConnectionParams(server_params=parameters, timeout=60)
    else:
        connection = StreamableHTTPConnectionParams(url=WHERE, timeout=60)
    toolset = McpToolset(connection_params=connection)

    async def see(tool, arguments):
        model = Scripted(model="scripted", call={"name": tool, "args": arguments}, given=[])
        runner = InMemoryRunner(agent=LlmAgent(name="a", model=model, tools=[toolset]), app_name="a")
        session = await runner.session_service.create_session(app_name="a", user_id="u")
        message = types.Content(role="user", parts=[types.Part(text="go")])
        async for _ in runner.run_async(user_id="u", session_id=session.id, new_message=message):
            pass
        return {"text": json.dumps(model.given, default=str)}

    await follow(see)
    await toolset.close()


asyncio.run(main())
