"""What a SOAP envelope asks for, at whatever path: servers go by it more often than by their URL.

It only ever makes a call graver: a path that reads is no proof of what another operation inside does.
"""

import re
from collections.abc import Iterator
from xml.parsers import expat

from rules.call import HttpCall
from rules.general.effect import Effect, Evidence
from rules.general.names.naming import effect_within
from rules.general.names.places import stores_files
from rules.headers import first

MAX_BYTES = 64 * 1024
"""An operation that begins later is not looked for."""

# With the marks of UTF-8 and UTF-16 before it, or in UTF-16 without one.
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*\x00?<")
_SEPARATORS = re.compile(r"[/#:]")
_CHARSET = re.compile(r'charset\s*=\s*"?([^\s;"]+)')
# In these every byte of an ASCII character is that character.
_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "iso-8859-1", "windows-1252"})
_UNREADABLE = Evidence(effect=Effect.CHANGE, because="its xml may hold an operation that cannot be read")


def evidence_of_envelope(call: HttpCall) -> Iterator[Evidence]:
    """What the operation in its envelope does, and the one in its header; nothing where there is neither."""
    if stores_files(call.host):
        return
    yield from _of_header(call)
    if not _may_be_xml(call):
        return
    try:
        name = _operation(call)
    except (ValueError, expat.ExpatError):
        yield _UNREADABLE
        return
    if name is None:
        return
    effect = effect_within(name) or Effect.CHANGE
    yield Evidence(effect=effect, because=f"by the operation in its soap envelope it {effect.says}")


def _of_header(call: HttpCall) -> Iterator[Evidence]:
    """What `SOAPAction: "urn:bank/Transfer"` says, by which some servers find the operation."""
    action = (first(call.fields, b"soapaction") or b"").decode("latin-1").strip().strip('"')
    effect = effect_within(_SEPARATORS.split(action)[-1])
    if effect is not None:
        yield Evidence(effect=effect, because=f"by its SOAPAction it {effect.says}")


def _may_be_xml(call: HttpCall) -> bool:
    """By its type, which some servers never look at, or by its first bytes."""
    declared = first(call.fields, b"content-type") or b""
    return bool(call.body) and (b"xml" in declared.lower() or _BEGINNING.match(call.body) is not None)


def _operation(call: HttpCall) -> str | None:
    """The name of the first element in the body of an envelope; None where there is no envelope.

    Raises:
        ValueError: it cannot be read for certain.
        expat.ExpatError: the same.
    """
    if first(call.fields, b"content-encoding") not in (None, b"identity"):
        raise ValueError("it is encoded")
    declared = (first(call.fields, b"content-type") or b"").decode("latin-1").lower()
    names = _CHARSET.findall(declared)
    if declared.count("charset") > len(names):
        raise ValueError("its character set is not plainly named")
    for name in names:
        _check_encoding(name)
    return _Reader().read(call.body)


def _check_encoding(name: str | None) -> None:
    """Refuse what may spell other characters with the same bytes; `name`: as declared, if at all."""
    if name is not None and name.lower() not in _ENCODINGS:
        raise ValueError("another reader may see other characters")


class _Reader:
    """One reading of the beginning of an envelope."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._root: str | None = None
        self._operation: str | None = None

    def read(self, body: bytes) -> str | None:
        """As `_operation`."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse
        parser.XmlDeclHandler = lambda _, encoding, __: _check_encoding(encoding)
        try:
            parser.Parse(body[:MAX_BYTES], len(body) <= MAX_BYTES)
        except expat.ExpatError:
            # What follows the operation, or what is no envelope, need not be read.
            if self._root in (None, "Envelope") and self._operation is None:
                raise
        if self._root is None or (self._root == "Envelope" and self._operation is None):
            raise ValueError("it names no operation")
        return self._operation

    def _start(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self._root = self._root or local
        if self._path == ["Envelope", "Body"]:
            self._operation = self._operation or local
        self._path.append(local)

    def _end(self, _: str) -> None:
        self._path.pop()

    def _refuse(self, *_: object) -> None:
        raise ValueError("a doctype may change what the elements say")
