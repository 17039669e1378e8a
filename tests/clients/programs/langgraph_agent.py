"""LangGraph's agent over langchain-mcp-adapters: what its model is given."""

import asyncio

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from langgraph.prebuilt import create_react_agent
from steps import COMMAND, WHERE, follow


class Scripted(BaseChatModel):
    """A model that makes one call and then ends."""

    call: dict = {}

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools, **_):
        return self

    def _generate(self, messages, stop=None, run_manager=None, **_):
        done = isinstance(messages[-1], ToolMessage)
        message = AIMessage("done") if done else AIMessage("", tool_calls=[{**self.call, "id": "1"}])
        return ChatResult(generations=[ChatGeneration(message=message)])


async def main() -> None:
    """One session for all runs of the agent."""
    if COMMAND:
        connection = {"transport": "stdio", "command": COMMAND[0], "args": COMMAND[1:]}
    else:
        connection = {"transport": "streamable_http", "url": WHERE}
    async with MultiServerMCPClient({"fixture": connection}).session("fixture") as session:
        tools = await load_mcp_tools(session)

        async def see(tool, arguments):
            agent = create_react_agent(Scripted(call={"name": tool, "args": arguments}), tools)
            state = await agent.ainvoke({"messages": [("user", "go")]})
            answers = [m for m in state["messages"] if isinstance(m, ToolMessage)]
            return {"text": str(answers[-1].content), "error": answers[-1].status == "error"}

        await follow(see)


asyncio.run(main())
