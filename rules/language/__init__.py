"""Rules files and configuration as people write them.

`yaml_tree` (values with places), `document` (a text against a model), `complaint` (what is wrong, and the
cure), `vocabulary` (what may stand for a tier, a host, a path), `requirement` (what a value must be),
`rule_file` (all keys), `particulars` and `holding` (those that move no tier), `lint` (rules that are surely
not meant so).
"""
