"""Path templates and tool names: what they take, refuse and cover."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.matching.pattern import ANYWHERE, Glob, Track, fold_segments, read_name, read_path
from rules.matching.truth import Truth
from rules.request.spelling import fold
from tests.rules.messages import assert_well_worded

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE


def segments(path: str) -> tuple[str, ...]:
    """The segments of a decoded path."""
    return tuple(path[1:].split("/"))


@pytest.mark.parametrize(
    ("template", "path", "truth"),
    [
        ("/", "/", T),
        ("/", "/a", F),
        ("/v1", "/v1", T),
        ("/v1", "/v1/", U),
        ("/v1/", "/v1/", T),
        ("/v1/", "/v1", U),
        ("/v1", "/V1", U),
        ("/v1", "/v1/x", F),
        ("/v1", "/v", F),
        ("/v1/{id}", "/v1/7", T),
        ("/v1/{id}", "/v1", F),
        ("/v1/{id}", "/v1/", F),
        ("/v1/{id}", "/v1/7/8", F),
        ("/v1/{id}", "/v1/7/", U),
        ("/{a}/{b}", "/x/y", T),
        ("/v1/user{id}", "/v1/user7", T),
        ("/v1/user{id}", "/v1/user", U),
        ("/v1/user{id}", "/v1/USER7", U),
        ("/v1/user{id}", "/v1/user\u0301x", T),
        ("/v1/{id}:undelete", "/v1/7:undelete", T),
        ("/v1/{id}:undelete", "/v1/7:delete", F),
        ("/v1/a{x}a", "/v1/a", F),
        ("/v1/{id:int}", "/v1/7", T),
        ("/v1/{id:int}", "/v1/0012", T),
        ("/v1/{id:int}", "/v1/7/", U),
        ("/v1/{id:int}", "/v1/", F),
        ("/v1/{id:int}", "/v1/x7", F),
        ("/v1/{id:int}", "/v1/7x", U),
        ("/v1/{id:int}", "/v1/-7", U),
        ("/v1/{id:int}", "/v1/+7", U),
        ("/v1/{id:int}", "/v1/1_0", U),
        ("/v1/{id:int}", "/v1/7.0", U),
        ("/v1/{id:int}", "/v1/0x7", U),
        ("/v1/{id:int}", "/v1/\uff17", U),
        ("/v1/{id:int}", "/v1/\u0667", U),
        ("/v1/{id:int}", "/v1/\u200b7", U),
        ("/v1/n{id:int}:undo", "/v1/n12:undo", T),
        ("/v1/n{id:int}:undo", "/v1/nx:undo", F),
        ("/v1/**", "/v1", T),
        ("/v1/**", "/v1/", T),
        ("/v1/**", "/v1/a/b/c", T),
        ("/v1/**", "/V1/a", U),
        ("/v1/**", "/v2", F),
        ("/**", "/", T),
        ("/**", "/a/b", T),
        ("/caf\u00e9", "/caf\u00e9", T),
        ("/caf\u00e9", "/cafe\u0301", U),
        ("/admin", "/adm\u0131n", F),
        ("/admin", "/ad\u200bmin", U),
        ("/100%", "/100%", T),
    ],
)
def test_what_a_path_template_covers(template: str, path: str, truth: Truth) -> None:
    """An exact match is sure; what a lenient server may take for one is a doubt."""
    assert read_path(template).covers(segments(path)) is truth


@pytest.mark.parametrize(
    ("pattern", "tool", "truth"),
    [
        ("list", "list", T),
        ("list", "LIST", U),
        ("list", "list_all", F),
        ("list*", "list", T),
        ("list*", "list_all", T),
        ("list*", "List_all", U),
        ("*_delete", "file_delete", T),
        ("a*a", "a", F),
        ("a*a", "aa", T),
        ("*", "", T),
        ("*", "anything at all", T),
        ("a/b", "a/b", T),
        ("a.b", "a.b", T),
    ],
)
def test_what_a_tool_name_covers(pattern: str, tool: str, truth: Truth) -> None:
    """A star stands for any text; other spellings are a doubt."""
    assert read_name(pattern).covers((tool,)) is truth


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("", "does not start with `/`"),
        ("v1/x", "does not start with `/`"),
        ("https://pay.test/v1", "does not start with `/`"),
        ("/v1?a=b", "the key `query`"),
        ("/v1#a", "the key `query`"),
        ("/a%20b", "percent-escapes"),
        ("/a/../b", "dot segments"),
        ("/a/.", "dot segments"),
        ("/a//b", "an empty segment"),
        ("/a;b", "`;`"),
        ("/a\\b", "`;`"),
        ("/a\x00b", "cannot be printed"),
        ("/a\u200bb", "cannot be printed"),
        ("/**/a", "`*`"),
        ("/a*", "`*`"),
        ("/*", "`*`"),
        ("/a**", "`*`"),
        ("/{a", "one `{name}`"),
        ("/a}", "one `{name}`"),
        ("/{}", "one `{name}`"),
        ("/{a b}", "one `{name}`"),
        ("/{a}{b}", "one `{name}`"),
        ("/{{a}}", "one `{name}`"),
        ("/{:int}", "one `{name}`"),
        ("/{a:}", "not `int`"),
        ("/{a:number}", "not `int`"),
        ("/{a:Int}", "not `int`"),
        ("/\u00e9{a}", "outside ascii"),
    ],
)
def test_templates_that_are_refused(template: str, words: str) -> None:
    """What can never match, or not as it looks, is refused with the cure."""
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        read_path(template)
    if template.isascii():
        assert_well_worded(str(caught.value))


@pytest.mark.parametrize("pattern", ["", "a*b*", "**", "\u00e9*", "a\u200b"])
def test_names_that_are_refused(pattern: str) -> None:
    """An empty name, several stars and hidden characters are refused."""
    with pytest.raises(ValueError, match=";"):
        read_name(pattern)


def test_anywhere_covers_everything() -> None:
    """The track of rules without a path."""
    assert ANYWHERE.covers(("", "")) is T


SEGMENT = st.text(max_size=4) | st.sampled_from(["7", "a12", "a", "A", "", "user", "user\u0301", "\u200b"])
TEMPLATE = st.lists(
    st.sampled_from(["a", "user", "{x}", "user{x}", "{x}a", "\u00e9", "{x:int}", "a{x:int}"]), max_size=3
).map(lambda steps: "/" + "/".join(steps))


@given(template=TEMPLATE, open_ended=st.booleans(), path=st.lists(SEGMENT, min_size=1, max_size=4))
def test_what_matches_also_matches_folded(template: str, open_ended: bool, path: list[str]) -> None:
    """The folded form, by which rules are found, covers all that the exact form covers."""
    track = read_path(f"{template.rstrip('/')}/**" if open_ended else template)
    folded = Track(globs=track.folded, folded=track.folded, open_ended=open_ended)
    if track.covers(path) is T:
        assert folded.covers(fold_segments(path)) is T


@given(st.text(), st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=3))
def test_globs_by_their_ends(text: str, end: str) -> None:
    """A text with a given beginning and end matches the pattern of both, and so does its fold."""
    glob = Glob(prefix=end, suffix=end, gap=0)
    assert glob.matches(end + text + end)
    assert glob.folded().matches(fold(end + text + end))


def test_parts_by_name() -> None:
    """What stands between the ends of each; a name may stand twice."""
    track = read_path("/v1/{who}/x-{what:int}.json/{who}")
    assert track.names == {"who", "what"}
    segments = ("v1", "a", "x-7.json", "b")
    assert track.named("who", segments) == ["a", "b"]
    assert track.named("what", segments) == ["7"]
    assert track.named("v1", segments) == []
