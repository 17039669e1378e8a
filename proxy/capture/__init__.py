"""Nothing of an agent walks around the gate: its connections are redirected here, and all else is dead.

- `plan`: what is redirected, what is refused and who is left alone, as rules for nftables
- `programs`: the system's tools, run with a bound and their complaints said
- `table`: those rules put into force, looked at and taken away
- `dns`: the resolver that agents have: one answer to every question, and no question leaves
- `listening`: the sockets on which redirected connections arrive
- `kernel`: namespaces, mounts and privileges of this process
- `room`: a network namespace with nothing in it but the way to the gate
- `handover`: the sockets of such a namespace, handed to the sidecar that serves on them
"""
