"""The rules of now, and why one call would be judged as it is."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from proxy.console.pages.shell import Shell, Visit
from rules.classify import classify
from rules.explanation import bearings
from rules.message import Message
from rules.named import named
from rules.normalize import normalize
from rules.request.authority import split_authority
from rules.ruleset import Ruleset
from rules.verdict import Refusal

_URL = re.compile(r"(https?)://([^/?#@\s]+)([/?][^#\s]*)?", re.IGNORECASE)
_METHOD = re.compile(r"[A-Za-z]{1,20}")
_PORTS = {"http": 80, "https": 443}


class Rules:
    """The page of the rules, with the form that tries a call on them."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def show(self, visit: Visit) -> Response:
        """The operator's rules, and how many the product brings."""
        return self._page(visit, {}, None)

    async def explain(self, visit: Visit) -> Response:
        """Judge the call of the form, which goes nowhere."""
        ruleset = self._shell.reviewing.ruleset()
        told = await asyncio.to_thread(_explained, visit.form, ruleset)
        return self._page(visit, visit.form, told)

    def _page(self, visit: Visit, asked: Mapping[str, str], told: dict[str, Any] | None) -> Response:
        ruleset = self._shell.reviewing.ruleset()
        members = {
            "hash": ruleset.hash,
            "rules": [{"rule": rule, "names": named(rule)} for rule in ruleset.rules],
            "packed": len(ruleset.packs.rules) if ruleset.packs else 0,
            "asked": {"method": "POST", "url": "", "body": "", **asked},
            "told": told,
        }
        return self._shell.show("rules.html", visit.session, members)


def _explained(form: Mapping[str, str], ruleset: Ruleset) -> dict[str, Any]:
    """The judgement and all that bears on the call, or why it has none."""
    message = _message(form)
    if message is None:
        return {
            "refused": "method and URL have to be those of one request, like `POST` and `https://host/path`"
        }
    call = normalize(message, paths=ruleset.paths)
    if isinstance(call, Refusal):
        return {"refused": f"it is refused: {call.reason}"}
    return {"refused": None, "stands": classify(call, ruleset), "bearings": list(bearings(call, ruleset))}


def _message(form: Mapping[str, str]) -> Message | None:
    url, method = _URL.fullmatch(form.get("url", "").strip()), form.get("method", "").strip()
    place = url and split_authority(url[2], _PORTS[url[1].lower()])
    if not url or not place or not _METHOD.fullmatch(method):
        return None
    target, scheme, body = url[3] or "/", url[1].lower(), form.get("body", "").encode("utf-8", "replace")
    fields = ((b"Host", url[2].encode()),) + (((b"Content-Type", b"application/json"),) if body else ())
    return Message(
        scheme=scheme,
        host=place[0],
        port=place[1],
        sni=place[0] if scheme == "https" else None,
        method=method.encode(),
        target=(target if target.startswith("/") else f"/{target}").encode("utf-8", "replace"),
        fields=fields,
        body=body,
    )
