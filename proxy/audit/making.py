"""Begins the audit trail of one process."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from proxy.agent import Agent
from proxy.audit.recorder import Recorder
from proxy.audit.segments import Segments
from proxy.audit.settings import Audit
from proxy.audit.trail import Cadence, Trail
from proxy.data_dir.files import private_folder
from proxy.keys.signing import Signer
from proxy.metrics import Metrics
from rules.audit.record import Fact
from rules.ruleset import Ruleset

FOLDER = "audit"
"""In the data folder: a folder for each chain in it."""


def begin(
    folder: Path, settings: Audit, signer: Signer, metrics: Metrics, *, facts: dict[str, Fact]
) -> Recorder:
    """The recorder of the chain in `folder`, whose start is on disk, signed. Raises AuditError and OSError.

    `facts`: who acts, and by which rules.
    """
    private_folder(folder.parent)
    keep = None if settings.legal_hold else timedelta(days=settings.keep_days)
    segments = Segments(folder, file_bytes=settings.file_bytes)
    trail = Trail(segments, signer, metrics, cadence=Cadence(keep=keep))
    kept = {
        f"audit_{name}": str(value)
        for name, value in settings.model_dump(mode="json", exclude={"sinks"}, exclude_none=True).items()
    }
    kept["audit_sinks"] = ",".join(sink.name for sink in settings.sinks)
    trail.start({**facts, **kept, "domain": signer.domain})
    return Recorder(trail=trail, on_failure=settings.on_failure, reads=settings.reads)


def started(agent: Agent, ruleset: Ruleset, config: str) -> dict[str, Fact]:
    """Who acts in this process, by which rules and configuration; of its text, a keyed hash."""
    rules: dict[str, Fact] = {"policy": ruleset.hash, "rules": len(ruleset.rules)}
    return {**asdict(agent.principal), **rules, "config": agent.keyed("config", config)}
