"""The audit trail: one line of JSON for each thing that happened, each naming the hash of the line before.

- `record`: how a record is written and read, and what ties it to the one before
- `facts`: what is said of a judgement, a hold and a step, which is never a body or a secret
- `checking`: whether records are those that were written, all of them, in their order
- `receipt`: what became of one hold, as one signed file
- `evidence`: which records show what to an auditor
"""
