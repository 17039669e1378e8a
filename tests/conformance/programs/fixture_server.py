"""The server that the protocol's conformance suite asks for, on the Python SDK: `fixture_server.py PORT`."""

import asyncio
import base64
import json
import sys
from typing import Any

import uvicorn
from mcp import types
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts.base import UserMessage
from pydantic import BaseModel, Field

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = base64.b64encode(
    b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0\x80>\0\0\2\0\x10\0data\0\0\0\0"
).decode()

server = MCPServer("conformance-fixture", version="1.0.0")
tool = server.tool(structured_output=False)


def text(words: str) -> types.TextContent:
    return types.TextContent(type="text", text=words)


def image() -> types.ImageContent:
    return types.ImageContent(type="image", data=PIXEL, mime_type="image/png")


def embedded(uri: str, kind: str, words: str) -> types.EmbeddedResource:
    content = types.TextResourceContents(uri=uri, mime_type=kind, text=words)
    return types.EmbeddedResource(type="resource", resource=content)


@tool
def test_simple_text() -> str:
    """Get a simple text."""
    return "This is a simple text response for testing."


@tool
def test_image_content() -> types.ImageContent:
    """Get an image."""
    return image()


@tool
def test_audio_content() -> types.AudioContent:
    """Get a sound."""
    return types.AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")


@tool
def test_embedded_resource() -> types.EmbeddedResource:
    """Get a resource."""
    return embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")


@tool
def test_multiple_content_types() -> list[Any]:
    """Get several kinds of content."""
    data = json.dumps({"test": "data", "value": 123})
    resource = embedded("test://mixed-content-resource", "application/json", data)
    return [text("Multiple content types test:"), image(), resource]


@tool
async def test_tool_with_logging(context: Context) -> str:
    """Log three times."""
    for number, words in enumerate(("execution started", "processing data", "execution completed")):
        await asyncio.sleep(0.05 if number else 0)
        await context.info(f"Tool {words}")
    return "logged"


@tool
def test_error_handling() -> str:
    """Fail."""
    raise ValueError("This tool intentionally returns an error for testing")


@tool
async def test_tool_with_progress(context: Context) -> str:
    """Progress in three steps."""
    for progress in (0, 50, 100):
        await context.report_progress(progress, 100)
        await asyncio.sleep(0.05)
    return "done"


@tool
async def test_sampling(prompt: str, context: Context) -> str:
    """Ask the client's model."""
    message = types.SamplingMessage(role="user", content=text(prompt))
    result = await context.session.create_message(messages=[message], max_tokens=100)
    return f"LLM response: {getattr(result.content, 'text', '')}"


class User(BaseModel):
    """Who is asked for."""

    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


@tool
async def test_elicitation(message: str, context: Context) -> str:
    """Ask the client's user."""
    result = await context.elicit(message, User)
    return f"User response: {result.model_dump_json()}"


async def ask(context: Context, properties: dict[str, Any]) -> str:
    schema = {"type": "object", "properties": properties, "required": []}
    result = await context.session.elicit_form("Please answer", schema)
    return f"Elicitation completed: action={result.action}, content={json.dumps(result.content)}"


@tool
async def test_elicitation_sep1034_defaults(context: Context) -> str:
    """Ask with defaults."""
    status = {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"}
    properties = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": status,
        "verified": {"type": "boolean", "default": True},
    }
    return await ask(context, properties)


def titled(name: str, count: str) -> list[dict[str, str]]:
    numbers = ("First", "Second", "Third")
    return [{"const": f"{name}{n}", "title": f"{word} {count}"} for n, word in enumerate(numbers, 1)]


@tool
async def test_elicitation_sep1330_enums(context: Context) -> str:
    """Ask with choices of each kind."""
    options = ["option1", "option2", "option3"]
    legacy = {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    }
    properties = {
        "untitledSingle": {"type": "string", "enum": options},
        "titledSingle": {"type": "string", "oneOf": titled("value", "Option")},
        "legacyEnum": legacy,
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled("value", "Choice")}},
    }
    return await ask(context, properties)


def asked_name() -> types.ElicitRequest:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    parameters = types.ElicitRequestFormParams(message="What is your name?", requested_schema=schema)
    return types.ElicitRequest(params=parameters)


def asked_model(words: str, most: int) -> types.CreateMessageRequest:
    message = types.SamplingMessage(role="user", content=text(words))
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[message], max_tokens=most)
    )


@tool
def test_input_required_result_elicitation(context: Context) -> Any:
    """Needs the user's name."""
    answer = (context.input_responses or {}).get("user_name")
    name = (getattr(answer, "content", None) or {}).get("name")
    if name:
        return f"Hello, {name}!"
    return types.InputRequiredResult(input_requests={"user_name": asked_name()})


@tool
def test_input_required_result_sampling(context: Context) -> Any:
    """Needs the model's word."""
    answer = (context.input_responses or {}).get("capital_question")
    if answer:
        return getattr(answer.content, "text", "")
    question = asked_model("What is the capital of France?", 100)
    return types.InputRequiredResult(input_requests={"capital_question": question})


@tool
def test_input_required_result_list_roots(context: Context) -> Any:
    """Needs the client's roots."""
    answer = (context.input_responses or {}).get("client_roots")
    if answer:
        return " ".join(str(root.uri) for root in answer.roots)
    return types.InputRequiredResult(input_requests={"client_roots": types.ListRootsRequest()})


@tool
def test_input_required_result_request_state(context: Context) -> Any:
    """Needs a confirmation, and remembers by the state that the client echoes."""
    if context.input_responses and context.request_state == "asked":
        return "state-ok"
    return types.InputRequiredResult(input_requests={"confirm": asked_name()}, request_state="asked")


@server.resource("test://static-text", mime_type="text/plain")
def static_text() -> str:
    """A text."""
    return "This is the content of the static text resource."


@server.resource("test://static-binary", mime_type="image/png")
def static_binary() -> bytes:
    """An image."""
    return base64.b64decode(PIXEL)


@server.resource("test://watched-resource", mime_type="text/plain")
def watched_resource() -> str:
    """A text that may change."""
    return "watched"


@server.resource("test://template/{id}/data", mime_type="application/json")
def template(id: str) -> str:
    """Data by id."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


@server.prompt()
def test_simple_prompt() -> str:
    """A prompt."""
    return "This is a simple prompt for testing."


@server.prompt()
def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """A prompt with two arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


@server.prompt()
def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:
    """A prompt with a resource in it."""
    resource = embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
    return [UserMessage(resource), UserMessage("Please process the embedded resource above.")]


@server.prompt()
def test_prompt_with_image() -> list[UserMessage]:
    """A prompt with an image in it."""
    return [UserMessage(image()), UserMessage("Please analyze the image above.")]


@server.completion()
async def complete(reference: Any, argument: Any, context: Any) -> types.Completion:
    """Nothing to suggest."""
    return types.Completion(values=[], total=0, has_more=False)


uvicorn.run(server.streamable_http_app(), port=int(sys.argv[1]), log_level="warning")
