"""A running sidecar: `parts` (made and connected), `server` (started, drained, stopped).

`data_plane`: the agents' side; `doors`: where captured traffic comes in; `leaves`: whose authority signs.
`listener`: the reviewers' side; `people`: who may decide.

`lean`: how the data plane takes two parts of a large package without the rest.
"""
