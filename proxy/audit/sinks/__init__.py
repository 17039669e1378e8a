"""Where audit records go besides their files, from which all of it is fed: later perhaps, and never less.

- `settings`: what the configuration says of one
- `feed`: gives a sink what is on disk, in order, again after a failure, and remembers how far it came
- `stdout`, `syslog`, `stream`, `webhook`: the kinds; `making`: makes those that are configured
"""
