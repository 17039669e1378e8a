"""What people say of the gate's verdicts, and what the console tells of its own quality.

- `labelling`: the one place where a word is taken; `labels`: its routes
- `passed`: calls that passed, and what people say of them
- `rates`: what drills tell of reviewers
"""
