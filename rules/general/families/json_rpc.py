"""JSON-RPC 2.0 over HTTP: the body names the procedure; of several in one body the gravest counts.

Nodes of blockchains are asked this way; what they sign and send is money.
"""

import re
from collections.abc import Iterator

from rules.call import HttpCall
from rules.general.effect import Effect, Evidence
from rules.general.names.naming import effect_within
from rules.general.names.words import split, words_of
from rules.request.strict_json import Json

MAX_BATCH = 200

_MEMBERS = frozenset({"jsonrpc", "method", "params", "id"})
_PLACES = frozenset({"", "rpc", "jsonrpc", "json-rpc", "json_rpc"})
# By these, other protocols name an operation beside the body.
_NAMING = re.compile(rb"(?i)action|target|method|operation|command|override")
_CHAIN_READS = words_of(
    """
    eth_call eth_chainid eth_blocknumber eth_gasprice eth_maxpriorityfeepergas eth_feehistory eth_syncing
    eth_accounts eth_protocolversion eth_createaccesslist eth_coinbase eth_mining eth_hashrate
    net_version net_listening net_peercount web3_clientversion web3_sha3
    """
)
_MONEY = re.compile(
    r"(?:.*[_.])?(?:sign(?!ature|in)|bumpfee|psbtbumpfee|fundraw|walletcreatefunded|walletprocesspsbt"
    r"|send(?:\w*transactions?|\w*calls|toaddress|many|from|all|raw\w*|bundle|payment|asset|coin\w*)?\Z"
    r"|(?:submit|broadcast)(?:_?\w*transactions?|block|_tx\w*)?\Z|payinvoice|pay\b)"
)
_KEYS = re.compile(
    r"(?:dump|import)(?:priv|wallet|key|descriptor)|walletpassphrase|encryptwallet|unlockaccount"
)
_UNREADABLE = Evidence(effect=Effect.UNKNOWN, because="not every part of its json-rpc batch can be read")


def operations(call: HttpCall) -> Iterator[Evidence]:
    """What each procedure does; one that reads is a read only where nothing else is served."""
    if call.method != "POST":
        return
    value = call.payload.value
    entries = value if isinstance(value, list) else [value]
    if not any(isinstance(entry, dict) and "jsonrpc" in entry for entry in entries[:MAX_BATCH]):
        return
    if len(entries) > MAX_BATCH:
        yield _UNREADABLE
    sure = _is_place(call)
    for entry in entries[:MAX_BATCH]:
        yield _evidence(entry, sure=sure)


def _is_place(call: HttpCall) -> bool:
    """INVARIANT: a body lowers nothing where the path, the query or a header may name something else."""
    named = call.query or any(_NAMING.search(name) for name, _ in call.fields)
    return not named and len(call.segments) <= 3 and call.segments[-1].lower() in _PLACES


def _evidence(entry: Json, *, sure: bool) -> Evidence:
    method = entry.get("method") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(method, str):
        return _UNREADABLE
    effect = _effect(method) if method != "tools/call" else _of_tool(entry.get("params"))
    if effect is Effect.READ and not (sure and entry.keys() <= _MEMBERS):
        effect = None
    if effect is None:
        return Evidence(effect=Effect.CHANGE, because="its json-rpc procedure may change something")
    shown = method if method.isascii() and method.isprintable() and len(method) <= 80 else "it"
    return Evidence(effect=effect, because=f"by its name the json-rpc procedure `{shown}` {effect.says}")


def _of_tool(params: Json) -> Effect | None:
    """A tool of MCP that nobody else has read: its name only raises."""
    name = params.get("name") if isinstance(params, dict) else None
    effect = effect_within(name) if isinstance(name, str) else None
    return None if effect in (Effect.READ, Effect.REVERSIBLE) else effect


def _effect(method: str) -> Effect | None:
    name = method.lower()
    if not split(method.replace("/", ".")):
        return None
    if name in _CHAIN_READS:
        return Effect.READ
    if _KEYS.search(name.replace("_", "")):
        return Effect.PRIVILEGE
    if _MONEY.match(name) and name not in ("sendmessage", "send_message"):
        return Effect.FINANCIAL
    return effect_within(method.replace("/", "."))
