"""All I/O, clocks and randomness, from the ground up.

- `config`, `metrics`; `data_dir/`: files, keys and the private store of one data folder
- `seal`, `sealed`: what a hold keeps, encrypted; `store`: holds in Redis
- `witness`: a line about every request before it leaves
- `signals`, `deadlines`: what changed, and what time changes
- `destinations`: where calls may go; `replay/`: approved actions sent, once
- `gate`: the path of a call on one screen
- `console/`: the reviewers' side; `serving/`: the processes' composition; `cli/`: the command line
"""
