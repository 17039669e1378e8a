"""Claude Code, with a model of ours behind it: what that model is given. `claude_code.py WHERE ERA BINARY`.

A run of it lasts for one call: so that the next call has a session of its own, as with its own restarts.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from steps import COMMAND, WHERE, follow

BINARY = sys.argv[3]


class Model(BaseHTTPRequestHandler):
    """The messages API: asks for one tool call, keeps what comes back, and ends."""

    protocol_version = "HTTP/1.1"
    call: dict = {}
    given: list = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        asked = json.loads(body) if body else {}
        messages = asked.get("messages", [])
        parts = [p for m in messages if isinstance(m["content"], list) for p in m["content"]]
        results = [p for p in parts if p["type"] == "tool_result"]
        tools = [t.get("name") for t in asked.get("tools", [])]
        if results:
            Model.given = [json.dumps(r["content"]) for r in results]
        call = Model.call if Model.call.get("name") in tools and not results else None
        self.answer(asked, call)

    def answer(self, asked, call):
        if call:
            block = {"type": "tool_use", "id": "toolu_1", "name": call["name"], "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(call["arguments"])}
        else:
            block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": "done"}
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": asked.get("model", "m")}
        whole = message | {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
        stop = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
        events = [
            {"type": "message_start", "message": whole},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": stop, "usage": usage},
            {"type": "message_stop"},
        ]
        text = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
        kind = "text/event-stream"
        if not asked.get("stream"):
            text = json.dumps(whole | {"content": [{"type": "text", "text": "done"}]} | stop)
            kind = "application/json"
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        self.send_response(404)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


async def main() -> None:
    """One run of the program for each call."""
    model = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    if COMMAND:
        server = {"type": "stdio", "command": COMMAND[0], "args": COMMAND[1:]}
    else:
        server = {"type": "http", "url": WHERE}
    home = Path(tempfile.mkdtemp())
    (home / "mcp.json").write_text(json.dumps({"mcpServers": {"fixture": server}}))
    env = os.environ | {
        "HOME": str(home),
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{model.server_port}",
        "ANTHROPIC_API_KEY": "none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "ENABLE_TOOL_SEARCH": "false",
    }
    # Its model is on loopback and no subject of the test; the servers are.
    env["NO_PROXY"] = env["no_proxy"] = f"127.0.0.1:{model.server_port}"

    async def see(tool, arguments):
        Model.call, Model.given = {"name": f"mcp__fixture__{tool}", "arguments": arguments}, []
        run = [BINARY, "-p", "go", "--mcp-config", str(home / "mcp.json"), "--strict-mcp-config"]
        done = await asyncio.to_thread(
            subprocess.run,
            [*run, "--allowedTools", f"mcp__fixture__{tool}", "--max-turns", "3"],
            env=env,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=80,
            stdin=subprocess.DEVNULL,
        )
        if not Model.given:
            raise RuntimeError(f"no tool result: {done.stdout[-500:]} {done.stderr[-500:]}")
        return {"text": " ".join(Model.given)}

    await follow(see)


asyncio.run(main())
