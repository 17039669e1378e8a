"""What of a server's messages reaches the agent, whatever carries them."""

from dataclasses import replace

from rules.mcp.listing import offered
from rules.mcp.message import Failure, Request, Result
from rules.mcp.methods import LIST_TOOLS
from rules.mcp.versions import KNOWN, unsupported


def answer_for(request: Request, answer: Result | Failure, *, widened: bool) -> Result | Failure:
    """The server's answer to `request` as the agent gets it; `widened`: its client shows only successes."""
    if isinstance(answer, Failure):
        return answer
    if request.method == LIST_TOOLS:
        return replace(answer, result=offered(answer.result, widened=widened))
    version = answer.result.get("protocolVersion")
    if request.method == "initialize" and version not in KNOWN:
        return unsupported(request.id, version)
    return answer
