"""The parts of a sidecar before anything runs: made without a store, and truthful about it."""

import asyncio
import warnings
from datetime import date
from pathlib import Path

from proxy.audit.settings import Audit
from proxy.config import Config
from proxy.data_dir.authority import ensure_authority
from proxy.data_dir.files import private_folder
from proxy.rulebook import Rulebook
from rules.ruleset import Defaults, Ruleset
from tests.ports import free_ports

with warnings.catch_warnings():
    # What mitmproxy's filter language is written with has given up the names it uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    from proxy.serving.parts import Parts, Settings


async def test_parts_are_made_without_their_store_and_say_that_it_is_away(tmp_path: Path) -> None:
    """Nothing connects before `run`; what is asked meanwhile says which half is missing."""
    (port,) = free_ports(1)
    private_folder(tmp_path / "keys")
    config = Config(version=1, audit=Audit(assessed=date(2025, 11, 3)))
    ensure_authority(tmp_path, config.ca.terms)
    none = Ruleset(rules=(), defaults=Defaults(), hash="")
    rules = Rulebook(none, files=(), seen=(), load=lambda: ())
    settings = Settings(
        listen=("127.0.0.1", 0),
        console=("127.0.0.1", 0),
        data_dir=tmp_path,
        config=config,
        rulebook=rules,
        redis_url=None,
        upstream_ca=None,
    )
    async with asyncio.TaskGroup() as tasks:
        parts = Parts(settings, f"redis://127.0.0.1:{port}/0", tasks)
        assert not parts.busy
        assert parts.metrics.registry.get_sample_value("sidegate_assessment_timestamp_seconds") == 1762128000
        assert await parts.reviewing(("127.0.0.1", 8081)).ready() == {"store": False, "proxy": False}
        await parts.redis.aclose()
        parts.journal.close()
        await asyncio.to_thread(parts.audit.trail.close)
