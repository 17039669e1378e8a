"""Requests inside a request: a batch is what the gravest of them is.

- `inner`: one request as a batch asks for it, and the calls it can be
- `listed`: requests in the lists of a JSON body, or of a parameter that holds one
- `multipart`: requests as `application/http` parts, change sets included
- `reading`: which calls are batches, and the calls in them
"""
