"""Put all packs into rules/packs/compiled.json: python -m tools.packs.build [--check]."""

import json
import sys
from typing import Any, cast

from rules.language.document import Document, read_document
from rules.language.rule_file import RulesFile
from rules.language.yaml_tree import read_tree
from tools.packs.table import PACKS

COMPILED = PACKS / "compiled.json"


def compiled() -> str:
    """The packs as one rules file in JSON, without their examples."""
    rules: list[dict[str, object]] = []
    hosts: dict[str, object] = {}
    for path in sorted(PACKS.glob("*.yaml")):
        text = path.read_text("utf-8")
        document = read_document(RulesFile, text, file=str(path))
        if not isinstance(document, Document):
            raise SystemExit("\n".join(map(str, document)))
        content = cast(dict[str, Any], read_tree(text).value)  # the model has accepted it
        rules += [{k: v for k, v in rule.items() if k != "examples"} for rule in content["rules"]]
        hosts |= content.get("hosts", {})
    return json.dumps({"version": 1, "hosts": hosts, "rules": rules}, separators=(",", ":")) + "\n"


def main() -> int:
    """Write the file; with `--check`, only say whether it is right."""
    text = compiled()
    if "--check" in sys.argv[1:]:
        return 0 if COMPILED.read_text("utf-8") == text else 1
    COMPILED.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
