"""Replayers for tests, with the probe that reads before them what a call would change."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from proxy.credentials.credentials import Credentials
from proxy.destinations import Destinations
from proxy.drift.probe import Probe
from proxy.drift.shots import Shots
from proxy.drift.snapshots import Snapshots
from proxy.keys.sealed import Sealed
from proxy.keys.signing import Signer, Verifier
from proxy.metrics import Metrics
from proxy.replay.journal import Journal
from proxy.replay.replayer import Replayer
from proxy.store.store import Store
from rules.ruleset import Ruleset

NONE = Credentials({})


def replayer_of(
    *,
    store: Store,
    sealed: Sealed,
    signer: Signer,
    metrics: Metrics,
    destinations: Destinations,
    ruleset: Callable[[], Ruleset],
    trust: ssl.SSLContext,
    tasks: asyncio.TaskGroup,
    journal: Journal,
    credentials: Credentials = NONE,
    timeout: float = 20.0,
    **more: Any,
) -> Replayer:
    """One that runs what `signer` has signed; `timeout` in seconds, `more` are further parts of it."""
    snapshots = Snapshots(
        shots=Shots(store, sealed),
        probe=Probe(destinations=destinations, ruleset=ruleset, trust=trust),
        credentials=credentials,
        metrics=metrics,
        tasks=tasks,
    )
    return Replayer(
        store=store,
        sealed=sealed,
        verifier=Verifier(consoles=(signer.public,), domain=signer.domain),
        credentials=credentials,
        snapshots=snapshots,
        destinations=destinations,
        ruleset=ruleset,
        trust=trust,
        metrics=metrics,
        tasks=tasks,
        journal=journal,
        timeout=timeout,
        **more,
    )
