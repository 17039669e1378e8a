"""Exact-byte attacks on the real sidecar, judged by what an upstream could have executed.

`python -m tests.evasion` runs a file of cases. In the order in which a case meets them: `corpus` reads the
cases, `places` says where names lead, `launcher` starts the sidecar with those names, `subject` is that
sidecar with the policy that the cases assume (`rules.yaml`), `agent` sends a case's bytes and hears the
answers (`hearing`), `links` has a reviewer sent the decision links that a case is about, `recorder` is the
upstream that takes whatever comes (`seen`, `wire1` and `wire2` read it), `judging` compares what happened
with what was expected (`digests` does so for pairs), `isolation` tries those of the network in a captured
pod, `suite` runs the cases one after the other, and `report` tells.
"""
