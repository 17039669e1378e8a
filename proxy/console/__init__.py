"""The reviewers' side: an API and pages on a listener of its own, in the order in which a request meets it.

- `app`: puts the parts together
- `door`: which requests are heard at all, and who sent them
- `people/`: who may decide, and the question whether somebody may
- `probes`: whether the process lives, whether it is ready, and its metrics
- `body`: what a request says, bounded and strictly read; `unread`: what becomes of the rest
- `reading/`: what a reviewer is shown of holds
- `deciding/`: what people decide about them, and the one place where that is done
- `quality/`: what they say of the verdicts themselves
- `granting/`: what leads let run without being asked about each call
- `kill`: the kill switch; `events`: what changes, as it changes
- `openapi/`: what all of that says of itself
- `pages/`: the same for people in a browser
- `problem`: every way in which the console says no
- `reviewing`: what all of them share
"""
