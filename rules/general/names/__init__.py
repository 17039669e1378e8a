"""What names say: `words` in them, the `lexicon` of verbs, whole names (`naming`), and `places` in paths."""
