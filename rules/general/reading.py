"""The one way into the general reading."""

from rules.call import Call, HttpCall
from rules.general.effect import Evidence
from rules.general.http import read_http
from rules.general.tool import read_tool


def read(call: Call) -> Evidence:
    """What `call` most likely does, and what shows it. Never raises."""
    return read_http(call) if isinstance(call, HttpCall) else read_tool(call)
