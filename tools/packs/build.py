"""Put all packs into rules/packs/compiled.json: python -m tools.packs.build [--check]."""

import json
import sys

from rules.language.document import Document, read_document
from rules.language.rule_file import RulesFile
from rules.language.yaml_tree import Value, read_tree
from tools.packs.table import PACKS

COMPILED = PACKS / "compiled.json"


def compiled() -> str:
    """The packs as one rules file in JSON, without their examples."""
    rules: list[dict[str, Value]] = []
    hosts: dict[str, Value] = {}
    for path in sorted(PACKS.glob("*.yaml")):
        text = path.read_text("utf-8")
        document = read_document(RulesFile, text, file=str(path))
        if not isinstance(document, Document):
            raise SystemExit("\n".join(map(str, document)))
        content = _members(read_tree(text).value)
        listed = content["rules"]
        for rule in map(_members, listed if isinstance(listed, list) else []):
            rules.append({key: value for key, value in rule.items() if key != "examples"})
        hosts |= _members(content.get("hosts", {}))
    return json.dumps({"version": 1, "hosts": hosts, "rules": rules}, separators=(",", ":")) + "\n"


def _members(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def main() -> int:
    """Write the file; with `--check`, only say whether it is right."""
    text = compiled()
    if "--check" in sys.argv[1:]:
        return 0 if COMPILED.read_text("utf-8") == text else 1
    COMPILED.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
