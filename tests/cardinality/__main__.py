"""`python -m tests.cardinality`: the figures in the last line; 1 where a bound is broken."""

import argparse

from tests.cardinality.flood import flood


def main() -> int:
    """Flood, and say what came of it."""
    parser = argparse.ArgumentParser(prog="tests.cardinality")
    parser.add_argument("--calls", type=int, default=1_000_000)
    figures = flood(parser.parse_args().calls)
    print(f"cardinality: {figures}")  # noqa: T201 (what it is run for)
    return 0 if figures.within else 1


if __name__ == "__main__":
    raise SystemExit(main())
