"""All I/O, clocks and randomness, from the ground up.

- `config`, `settings/`: what is set, and where it was said; `packs`, `metrics`, `logs`, `failure`
- `counts`: those of processes that nobody scrapes
- `data_dir/`: files, keys and the private store of one data folder
- `keys/`: what a hold keeps, encrypted; `store/`: holds in Redis; `signals`: what has changed there
- `talk/`: what is said about a hold besides deciding
- `capture/`: agents' connections redirected to the gate, and no other way out
- `destinations`: where calls may go; `witness`: what left
- `credentials/`: fresh secrets for what is replayed; `drift/`: whether what it would change is as it was
- `grants/`: what leads let run without being asked about each call
- `replay/`: approved actions sent, once
- `audit/`: what happened, in chains of signed records
- `tracing/`: spans of what becomes of calls, where that is configured
- `rulebook`: the rules of now; `agent`: who acts; `budgets`: what calls add up to
- `suspicion`: what answers have given away
- `admission`: what stands before every call that does more than read
- `quality/`: ground truth, about holds and passes
- `keeping`: what all held calls have in common; `holding`: a request that waits for a human
- `gate`: the path of a call on one screen
- `mcp/`: the same for tool calls, over stdio and inside HTTP
- `doctor/`: what could be wrong with an installation
- `channels/`: what is told outside the console; `console/`: the reviewers' side
- `serving/`: the processes' composition; `cli/`: the command line
"""
