"""Running what was approved: the `replayer` that sends once, the `worker` behind it, `unknowns` found out."""
