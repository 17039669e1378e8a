"""A running sidecar: `data_plane` (agents), `listener` (reviewers), `server` (all parts put together)."""
