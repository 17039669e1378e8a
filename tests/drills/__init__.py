"""Drills over the real store, console, worker and replayer: none runs, none counts as anything else."""
