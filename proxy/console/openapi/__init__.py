"""What the API says of itself, as an OpenAPI 3.1 document.

- `operation`: what is said of one route; `schemas`: the shapes of what goes in and comes out
- `operations`: all routes, in one table; `saying`: those of changes, questions and second thoughts;
  `granting`: those of grants
- `document`: the table as a document, and the route that serves it
"""
