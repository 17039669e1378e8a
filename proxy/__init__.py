"""All I/O, clocks and randomness, from the ground up.

- `config`, `packs`, `metrics`, `failure`; `data_dir/`: files, keys and the private store of one data folder
- `seal`, `keys/`, `sealed`: what a hold keeps, encrypted; `record`, `store`: holds in Redis
- `rotation`: from one key to the next; `signals`, `deadlines`, `skew`: what changed, and what time changes
- `destinations`: where calls may go; `witness`: what left
- `credentials/`: fresh secrets for what is replayed; `replay/`: approved actions sent, once
- `history`: what agents asked for lately, for the people who decide about their next call
- `shots`: what a hold keeps of the state that it would change; `again`: a reviewer asks again
- `rulebook`: the rules of now; `agent`: who acts; `budgets`: what calls add up to
- `holding`: a call that waits for a human
- `gate`: the path of a call on one screen
- `mcp/`: the same for tool calls, over stdio and inside HTTP
- `console/`: the reviewers' side; `serving/`: the processes' composition; `cli/`: the command line
"""
