"""The command `python -m dashboards`: writes `dashboards/grafana/*.json` and the rules for Kubernetes anew."""

from pathlib import Path

from dashboards import manifests
from dashboards.board import Board, written
from dashboards.operations import OPERATIONS
from dashboards.overview import OVERVIEW
from dashboards.review_quality import REVIEW_QUALITY
from dashboards.security import SECURITY

BOARDS: tuple[Board, ...] = (OVERVIEW, REVIEW_QUALITY, SECURITY, OPERATIONS)
FOLDER = Path(__file__).parent / "grafana"


def main() -> None:
    """Write every board, and the rules as manifests."""
    for board in BOARDS:
        (FOLDER / f"{board.name}.json").write_text(written(board))
    manifests.write()


if __name__ == "__main__":
    main()
