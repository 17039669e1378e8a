"""Running what was approved: fresh `credentials`, the `replayer` that sends once, the `worker` behind it."""
