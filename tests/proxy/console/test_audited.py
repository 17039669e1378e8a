"""What people do at the console besides deciding about holds stands in the audit trail."""

from dataclasses import replace

from tests.proxy.audit.trails import recorder, records
from tests.proxy.console.world import TOKENS, World


async def test_log_ins_keys_and_the_kill_switch_are_recorded(world: World) -> None:
    """Who it was, how, and what came of it; no token."""
    with recorder() as (audit, folder, _):
        reviewing = replace(world.reviewing(), audit=audit)
        async with world.client(token=None, reviewing=reviewing) as anybody:
            await anybody.post("/login", data={"token": "wrong-token-of-somebody"})
            assert (await anybody.post("/login", data={"token": TOKENS["ada"]})).status_code == 303
        async with world.client(token=TOKENS["operator"], reviewing=reviewing) as operator:
            assert (await operator.post("/api/kill", json={"reason": "drill"})).status_code == 200
            assert (await operator.delete("/api/kill")).status_code == 200
        audit.trail.close()
        found = {kind: [record.facts for record in records(folder, kind)] for kind in ("login", "kill")}
        written = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    assert [(facts.get("who"), facts["ok"], facts["way"]) for facts in found["login"]] == [
        (None, False, "token"),
        ("ada", True, "token"),
    ]
    assert [(facts["who"], facts["on"]) for facts in found["kill"]] == [
        ("operator", True),
        ("operator", False),
    ]
    assert TOKENS["ada"].encode() not in written
    assert b"wrong-token" not in written
