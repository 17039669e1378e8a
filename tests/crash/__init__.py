"""kill -9 of the real sidecar at twenty points of a call's way, and what became of the call.

- `points`: where it dies, what may have left by then, and how a step is made to kill its process
- `nursery`: starts sidecars quickly, each a process of its own
- `lane`: one sidecar that is killed again and again; `bench`: what all of them share
- `failover`: the store dies instead, and its replica takes over
- `audit`: whoever writes the audit trail dies
"""
