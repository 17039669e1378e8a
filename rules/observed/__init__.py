"""From the witness of what left to rules for the calls that no rule named.

- `line`: one line of the witness; `shape`: the template of a path that was seen
- `group`: calls of one host, method and template; `writing`: the rules file
"""
