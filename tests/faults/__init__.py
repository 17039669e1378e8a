"""Faults planted in every step between an agent's bytes and an upstream's, one at a time, by the thousand.

Whatever happens, no byte reaches the upstream that the witness has no record of.

- `steps`: where a fault can strike, and which requests come by
- `bench`: a sidecar with all steps planted, an upstream, and what each knows of the other
- `rounds`: one fault in one step, met by many requests; `kills`: the store and the sidecar, from outside
"""
