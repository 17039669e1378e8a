"""Where families of APIs put the operation, and what it does there.

- `aws`, `graphql`, `kubernetes`: by their own conventions
- `database`: statements over HTTP, read by `sql`
- `remote_call`: operations in the path, of any vendor
"""
