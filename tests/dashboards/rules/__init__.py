"""The recording rules and alerts that Prometheus is given."""
