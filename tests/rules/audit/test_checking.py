"""Whether changed chains are found, and the record named."""

import json
from datetime import timedelta

import pytest

from proxy.audit.signature import checkpoint
from proxy.keys.signing import verify
from rules.audit.checking import MOST_UNSIGNED, Checker, Finding, Flaw, Head
from rules.audit.record import Entry, Facts, Kind, Place, canonical, digest, line
from tests.rules.audit.chains import BEGAN, KEY, SIGNER, TAMPERED, Lines, chain


def checked(*files: Lines, heads: tuple[Head, ...] = (), partial: bool = False) -> list[Finding]:
    """What is found in files of these lines."""
    checker = Checker(verify, keys={KEY}, partial=partial)
    for number, lines in enumerate(files):
        for at, text in enumerate(lines, 1):
            checker.feed(text, where=f"{number}:{at}")
    return checker.end(heads)


def named(findings: list[Finding]) -> set[tuple[Flaw, int]]:
    """The flaws, and the records that have them."""
    return {(finding.flaw, finding.seq) for finding in findings}


def test_a_chain_as_it_was_written_is_sound() -> None:
    """Whole, in two files, in two files that overlap, and beside another chain."""
    lines, other = chain(), chain(name="mcp-1")
    assert checked(lines) == []
    assert checked(lines[:9], lines[9:]) == []
    assert checked(lines[:12], lines[9:]) == []
    assert checked([*lines[:3], *other[:9], *lines[3:], *other[9:]]) == []


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_done_is_found(what: str) -> None:
    """Each kind of tampering, with the record named."""
    tamper, flaw, seq = TAMPERED[what]
    found = checked(tamper(chain()))
    assert (flaw, seq) in named(found)
    assert all(str(finding).count(":") >= 3 for finding in found)


@pytest.mark.parametrize("at", range(20))
@pytest.mark.parametrize("byte", [0, 30, 60, 100, -3])
def test_no_byte_can_be_changed(at: int, byte: int) -> None:
    """In any record, the last one under a checkpoint of its own."""
    lines = chain()
    text = bytearray(lines[at])
    text[byte] ^= 1
    assert checked([*lines[:at], bytes(text), *lines[at + 1 :]]) != []


def test_the_end_cut_off_is_found_by_a_head_that_is_known() -> None:
    """The checkpoint that somebody kept elsewhere; the chain itself cannot tell."""
    lines = chain()
    head = Head("serve-1", 20, digest(lines[-1]))
    assert checked(lines, heads=(head,)) == []
    assert checked(lines[:15]) == []
    assert named(checked(lines[:15], heads=(head,))) == {(Flaw.CUT, 20)}
    assert named(checked(chain(name="other"), heads=(head,))) == {(Flaw.CUT, 20)}
    wrong = Head("serve-1", 20, "0" * 64)
    assert named(checked(lines, heads=(wrong,))) == {(Flaw.CHANGED, 20)}


def test_two_copies_of_one_chain_that_went_on_are_a_fork() -> None:
    """A data folder that was copied, and served from in two places."""
    lines, place = chain(), Place(chain="serve-1", seq=16, prev=digest(chain()[14]))
    entry = Entry(kind=Kind.VERDICT, at=BEGAN + timedelta(days=1), facts={"tier": 3})
    theirs = [*lines[:15], checkpoint(SIGNER, entry, place)]
    assert named(checked(lines, theirs)) == {(Flaw.DOUBLE, 16)}


def test_a_living_chain_may_have_some_records_that_nobody_signed_yet() -> None:
    """And not many: they could have been written by anybody."""
    lines = chain(5)
    place = Place(chain="serve-1", seq=6, prev=digest(lines[-1]))
    for _ in range(MOST_UNSIGNED + 1):
        lines.append(line(Entry(kind=Kind.VERDICT, at=BEGAN, facts={}), place))
        place = place.after(lines[-1])
    assert checked(lines[:-1]) == []
    assert named(checked(lines)) == {(Flaw.UNSIGNED, MOST_UNSIGNED + 6)}


def test_deleted_files_need_a_record_that_says_so() -> None:
    """And it has to name the very record that came before."""
    for hash_, expected in ((digest(chain()[9]), []), ("0" * 64, [Flaw.BEHEADED])):
        lines = chain()
        place = Place(chain="serve-1", seq=21, prev=digest(lines[-1]))
        facts: Facts = {"through": 10, "hash": hash_}
        lines.append(line(Entry(kind=Kind.PRUNED, at=BEGAN, facts=facts), place))
        assert [finding.flaw for finding in checked(lines[10:])] == expected
    assert checked(chain()[10:], partial=True) == []


def test_a_start_is_told_from_a_record_that_only_claims_one() -> None:
    """Each start of the process counts one up; no other record does."""
    lines = chain(5)
    record = json.loads(lines[1])
    assert (Flaw.EPOCH, 2) in named(checked([lines[0], canonical(record | {"epoch": 3})]))
    place = Place(chain="serve-1", epoch=2, seq=6, prev=digest(lines[-1]))
    begun = line(Entry(kind=Kind.STARTED, at=BEGAN, facts={}), place)
    assert checked([*lines, begun]) == []


def test_a_number_from_nowhere_costs_nothing() -> None:
    """A forged record cannot make its reader count to a billion."""
    lines = chain()
    record = json.loads(lines[-1])
    assert named(checked([*lines, canonical(record | {"seq": 2**50})])) == {(Flaw.MOVED, 2**50)}


def test_any_key_will_do_where_none_is_known() -> None:
    """The chain then proves only that it agrees with itself."""
    checker = Checker(verify, keys=None)
    for text in chain(signer=SIGNER):
        checker.feed(text, where="x")
    assert checker.end() == []
    assert checker.chains["serve-1"].signed == 20


@pytest.mark.parametrize("facts", [{"signature": "zz"}, {"signature": 7}, {"key": 7}, {"key": "ab"}])
def test_odd_signatures_are_forged(facts: dict[str, object]) -> None:
    """Whatever stands there raises nothing."""
    lines = chain(5)
    record = json.loads(lines[-1])
    record["facts"] |= facts
    checker = Checker(verify, keys=None)
    for text in [*lines[:-1], canonical(record)]:
        checker.feed(text, where="x")
    assert (Flaw.FORGED, 5) in named(checker.end())
