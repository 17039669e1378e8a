"""Acceptance: real processes, real sockets, real clients; nothing here is mocked.

The parts, in the order in which a test meets them:
`authority` makes certificates, `upstream` is the recording server that agents call
(`received` is its record, `answers` its script, `http1` and `http2` its two wires),
`sidecar` runs the real `sidegate` command (on `processes`), `clients` are the agents' HTTP clients,
`chromium` is a reviewer's browser (`pictures` takes those of the docs with it),
`conftest` hands them to tests as fixtures, and `test_parts` checks the parts themselves.
"""
