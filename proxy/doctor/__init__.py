"""What could be wrong with an installation: looked for and said with its cure, and nothing is changed.

- `finding`: what a check found; `report`: all of it, for people and for programs
- `folder`: the data folder, its keys and its authority
- `credentials`: whether the secrets that the configuration names can be read
- `store`: whether what Redis acknowledges outlives a crash, and whether its clock is ours
- `serving`: the running sidecar, and the rules of capture
- `standing`: what an agent's process may do, read and be led by
- `attempts`: ways around the gate, tried
- `clients`: programs of this machine, each led to the gate by its settings
"""
