"""A running sidecar: `data_plane` (agents), `listener` (reviewers), `server` (all parts put together).
`people`: who may decide; `doors`: where captured traffic comes in.

`lean`: how the data plane takes two parts of a large package without the rest.
"""
