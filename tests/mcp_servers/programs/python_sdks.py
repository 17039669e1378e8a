"""A server on one of the Python SDKs: `python_sdks.py SDK PORT|stdio EXECUTED_FILE`."""

import json
import sys
from pathlib import Path
from typing import Any, TypedDict

SDK, WHERE, EXECUTED = sys.argv[1], sys.argv[2], Path(sys.argv[3])
PLAIN: dict[str, Any] = {"output_schema": None} if SDK == "fastmcp" else {"structured_output": False}


class Receipt(TypedDict):
    """What `pay` answers."""

    payment: str
    amount: int


def make() -> Any:
    """The server object of the SDK."""
    if SDK == "mcp2":
        from mcp.server import MCPServer

        return MCPServer("fixture")
    if SDK in ("mcp1", "mcp1-sse"):
        from mcp.server.fastmcp import FastMCP

        return FastMCP(
            "fixture", host="127.0.0.1", port=0 if WHERE == "stdio" else int(WHERE), stateless_http=True
        )
    from fastmcp import FastMCP as Fast

    return Fast("fixture")


def note(tool: str, **arguments: object) -> None:
    """Write down that `tool` ran."""
    with EXECUTED.open("a") as file:
        file.write(json.dumps({"tool": tool, "arguments": arguments}) + "\n")


server = make()


@server.tool(**PLAIN)
def safe(x: Any = 0) -> str:
    """Get a number."""
    note("safe", x=x)
    return f"safe {x}"


@server.tool(**PLAIN)
def danger(x: Any = 0) -> str:
    """Delete everything."""
    note("danger", x=x)
    return f"danger {x}"


@server.tool()
def pay(payee: str, amount: int) -> Receipt:
    """Pay somebody."""
    note("pay", payee=payee, amount=amount)
    return {"payment": f"to {payee}", "amount": amount}


if WHERE == "stdio":
    server.run("stdio")
elif SDK == "mcp2":
    import uvicorn

    uvicorn.run(server.streamable_http_app(stateless_http=True), port=int(WHERE), log_level="warning")
elif SDK == "mcp1":
    server.run("streamable-http")
elif SDK == "mcp1-sse":
    server.run("sse")
else:
    server.run("http", host="127.0.0.1", port=int(WHERE), stateless_http=True, show_banner=False)
