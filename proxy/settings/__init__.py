"""Where each setting comes from: `config.yaml`, the environment over it, flags over both.

- `authority`: for which hosts our authority signs
- `serve`: what the command line of a sidecar says as well, as keys of the file
- `layers`: the three read into one configuration, with the origin of each value
- `shown`: a configuration as people may see it, without its secrets
"""
