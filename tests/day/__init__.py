"""A scripted day: agents, reviewers, drills and faults at a real sidecar, watched by a real Prometheus.

- `store`: a Redis of the day's own, to be stopped and started again
- `tally`: what the script itself counts, and the ratios of that
- `stage`: sidecar, upstream, store and Prometheus with our rules
- `people`: an agent and a reviewer
- `script`: the day
- `verdict`: panels, alerts and ratios at its end
"""
