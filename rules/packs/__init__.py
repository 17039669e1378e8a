"""What the calls of single vendors do: one rules file per vendor, and all of them in `compiled.json`.

Each tier comes from the vendor's own published tables or sentences, named as `evidence`.
A pack holds what the general reading cannot know from a call, and leaves the rest to it.
"""
