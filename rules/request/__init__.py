"""The parts of a request, each read in one way: `authority`, `target`, `body`, `strict_json`, `spelling`."""
