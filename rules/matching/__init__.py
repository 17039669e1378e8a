"""Whether a rule means a call: `pattern` (names, paths), `reading` (values in it), `condition` (tests of
them), `expression` and `predicate` (tests in CEL), all in the three values of `truth`, and an `index` that
spares the rules that cannot.
"""
