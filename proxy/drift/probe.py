"""One read of an upstream for a hold: judged like any agent's, on the witness, bounded, sent once."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from proxy.credentials.credentials import with_fields
from proxy.credentials.supply import Supplied
from proxy.destinations import Address, Destinations
from proxy.witness import Witness, WitnessError
from rules.call import HttpCall
from rules.classify import classify
from rules.drift.image import MAX_BYTES, Image, image
from rules.drift.read import Read
from rules.headers import Fields, end_to_end, framed
from rules.normalize import normalize
from rules.reply import Reply
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Refusal, Tier, Verdict

_LIGHT_BYTES = 16 * 1024


class Unread(Exception):
    """the read was not sent, or shows nothing"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Sends reads that pass as tier 1, and no others."""

    destinations: Destinations
    ruleset: Callable[[], Ruleset]
    trust: ssl.SSLContext
    witness: Witness | None = None

    async def see(self, read: Read, fields: Fields, credentials: Supplied, *, within: float) -> Image | str:
        """What `read` shows within so many seconds, or why it shows nothing."""
        answer = await self.ask(read, fields, credentials, within=within)
        if isinstance(answer, str):
            return answer
        if len(answer.body) <= _LIGHT_BYTES:
            return image(answer.status, answer.fields, answer.body)
        return await asyncio.to_thread(image, answer.status, answer.fields, answer.body)

    async def ask(self, read: Read, fields: Fields, credentials: Supplied, *, within: float) -> Reply | str:
        """The answer to `read` within so many seconds, its body up to a bound, or why there is none."""
        try:
            async with asyncio.timeout(within):
                return await self._answer(read, fields, credentials)
        except Unread as error:
            return str(error)
        except TimeoutError:
            return f"no whole answer came within {within:g} s"
        except httpx2.HTTPError:
            return "the connection to the upstream failed"
        except WitnessError as error:
            return str(error)

    async def _answer(self, read: Read, fields: Fields, credentials: Supplied) -> Reply:
        call, judgement = self._judged(read, fields)
        where = await self.destinations.find(call.host, call.port)
        if isinstance(where, Refusal):
            raise Unread(where.reason)
        # The last thing before the connection: whatever leaves has its line.
        if self.witness is not None:
            self.witness.record(call, judgement)
        return await self._exchange(call, credentials, where)

    def _judged(self, read: Read, fields: Fields) -> tuple[HttpCall, Judgement]:
        """The read as the gate would see it from an agent. Raises Unread unless it passes as tier 1."""
        if read.obstacle:
            raise Unread(read.obstacle)
        ruleset = self.ruleset()
        call = normalize(read.message(fields), paths=ruleset.paths)
        if isinstance(call, Refusal):
            raise Unread(call.reason)
        judgement = classify(call, ruleset)
        # INVARIANT: what Sidegate does by itself, nobody was asked about, so it only ever reads.
        if judgement.verdict is not Verdict.PASS or judgement.tier is not Tier.READ_ONLY:
            raise Unread(f"reading it is tier {int(judgement.tier)}: {judgement.reason}")
        if judgement.spends or judgement.observed:
            raise Unread("reading it counts against a budget, or is only observed")
        return call, judgement

    async def _exchange(self, call: HttpCall, credentials: Supplied, where: Address) -> Reply:
        """One GET on a connection of its own; no redirects, no retries, no environment."""
        tls = credentials.tls or self.trust
        request = httpx2.Request(
            "GET",
            httpx2.URL(scheme=call.scheme, host=where[0], port=where[1], path="/"),
            headers=list(with_fields(framed(call.fields, b"GET", b""), credentials.fields)),
            extensions={"target": call.target.encode("latin-1"), "sni_hostname": call.host},
        )
        async with httpx2.AsyncHTTPTransport(verify=tls, trust_env=False, retries=0) as transport:
            response = await transport.handle_async_request(request)
            try:
                body = await _start(response)
            finally:
                await response.aclose()
        return Reply(status=response.status_code, fields=end_to_end(tuple(response.headers.raw)), body=body)


async def _start(response: httpx2.Response) -> bytes:
    """The whole content, or enough of it to know that it is too long."""
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > MAX_BYTES:
            break
    return bytes(content[: MAX_BYTES + 1])
