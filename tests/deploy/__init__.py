"""What is shipped to put Sidegate before agents: manifests, chart, units, image."""
