"""Spans of what becomes of calls (OpenTelemetry), where that is configured; else nothing of it is loaded.

- `settings`: what the configuration says of it
- `traces`: what the parts of a sidecar tell it; `making`: begins it
- `spans`: the spans themselves, of admissions, holds, decisions and replays, over processes
- `exporting`: how they leave, beside everything else
"""
