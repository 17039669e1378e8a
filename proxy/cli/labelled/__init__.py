"""Labelled calls: read, judged and compared with their labels.

- `row`: one line, read into what the gate would judge
- `judging`: the rules and tools of a run, and the judgement on each row
- `label`: what a row says its call really is; the classifier never sees it
- `rates`: shares with their intervals
- `tally`: the rates of each source and of all sources together
- `tasks`: whole tasks of an agent, beside a gate that knows every tier
- `report`: all that as JSON or as a table
- `progress`: how far a long run is
"""
