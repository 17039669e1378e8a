"""Where families of APIs put the operation, and what it does there.

- `aws`, `graphql`, `kubernetes`: by their own conventions
- `database`: statements over HTTP, read by `sql`
- `json_rpc`: procedures that a body names
- `remote_call`: operations in the path, of any vendor
"""
