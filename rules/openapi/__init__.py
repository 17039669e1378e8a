"""From an OpenAPI document to a rules file that says what each rule rests on.

- `flaw`: what makes a document unusable, its place and cure
- `source`: its text, JSON or YAML, read into values
- `parts`: values of the kind that the specification asks for
- `servers`: at which hosts and below which paths its operations are
- `operation`: one operation, and what the document says of it; `operations`: all of them
- `scopes`: whether security scopes speak of reading or of writing
- `inverse`: which operation takes back what another did
- `weighing`: from all of this to a tier; the gravest evidence stands
- `writing`: the rules file
"""
