"""What is said about a hold, and what its agent is told of it."""

import json
from datetime import UTC, datetime

import pytest

from rules.drift.difference import Change
from rules.talk import MAX_ANSWER, Beside, Kind, Said, answer_in, as_json, from_json, question_in, with_agent
from tests.rules.calls import http

AT = datetime(2026, 11, 23, tzinfo=UTC)


def said(kind: Kind, text: str) -> Said:
    """Somebody says something."""
    return Said(kind=kind, who="" if kind is Kind.ANSWER else "ada", at=AT, text=text)


ASK, ANSWER, COMMENT = said(Kind.QUESTION, "why?"), said(Kind.ANSWER, "so."), said(Kind.COMMENT, "hm")

OPEN: dict[str, tuple[list[Said], str]] = {
    "nothing": ([], ""),
    "asked": ([ASK], "why?"),
    "answered": ([ASK, ANSWER], ""),
    "asked again": ([ASK, ANSWER, said(Kind.QUESTION, "and?")], "and?"),
    "asked twice": ([ASK, said(Kind.QUESTION, "and?")], "and?"),
    "a comment answers nothing": ([ASK, COMMENT], "why?"),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_is_still_to_be_answered(name: str) -> None:
    """The last question that no answer has followed."""
    talk, expected = OPEN[name]
    assert question_in(talk) == expected


def test_it_is_read_as_it_was_kept() -> None:
    """Every member, through JSON."""
    talk = (ASK, COMMENT, ANSWER)
    assert from_json(json.loads(json.dumps(as_json(talk)))) == talk


def test_an_approval_is_bound_to_what_the_agent_was_asked() -> None:
    """And not to what people say among themselves."""
    assert with_agent([ASK, COMMENT, ANSWER]) == [["question", "why?"], ["answer", "so."]]


ANSWERS: dict[str, tuple[object, str | None]] = {
    "text": (b" because\nit is due ", "because\nit is due"),
    "json": ({"answer": "because"}, "because"),
    "of many letters": ("\u00fc".encode() * (MAX_ANSWER // 2), "\u00fc" * (MAX_ANSWER // 2)),
    "too long": (b"x" * (MAX_ANSWER + 1), None),
    "too long in bytes": ("\u00fc".encode() * (MAX_ANSWER // 2 + 1), None),
    "nothing": (b"", None),
    "blank": (b" \n", None),
    "no utf-8": (b"\xff", None),
    "json of another shape": ({"answer": "a", "state": "approved"}, None),
    "json without it": ({}, None),
    "a number": ({"answer": 1}, None),
    "a list": (["a"], None),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_agent_answers(name: str) -> None:
    """Text or JSON, bounded; nothing else."""
    body, expected = ANSWERS[name]
    assert answer_in(http("POST sidegate.internal/holds/1/answer", body)) == expected


def test_what_was_changed_in_a_header() -> None:
    """On one line of ASCII, whatever stands in it, and cut."""
    hostile = Change(path="to\r\nX: 1", before='"\u202eann"', after=None)
    header = Beside(changes=(hostile,)).header
    assert header.isascii()
    assert not set(header) & set(b"\r\n\0\x7f")
    long = Beside(changes=(Change(path="a", before="x" * 5000, after="y"),)).header
    assert len(long) < 1600
    assert long.endswith(b"...")
