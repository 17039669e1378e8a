"""The audit trail on disk: what happened, in files that prove by themselves that nothing of it was changed.

- `settings`: what the configuration says of it; `signature`: by whom chains are signed
- `segments`: the files of one chain: appended to, mended after a crash, rotated, and in time deleted
- `trail`: the one who writes: in groups, durably where something is about to be sent
- `recorder`: what the parts of a sidecar tell it; `making`: begins one process's
- `reading`: files read again and checked; `following`: as they are written
- `sinks`: where records go besides
"""
