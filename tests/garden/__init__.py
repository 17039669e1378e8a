"""The fuzz garden: well-formed requests, mutated, through the real sidecar to real servers.

Whatever a server executed must have a record of its own on the witness.

- `seeds`: the well-formed requests; `mutations`: what becomes of them, by number
- `programs/`: what the servers run; `servers`: nginx, haproxy, apache, node, uvicorn, hypercorn, gunicorn
- `launcher`: the sidecar, with names resolved at once; `sending`: mutated requests on connections
- `harvest`: what was executed against what is on the witness; `garden`: batches that can be resumed
"""
