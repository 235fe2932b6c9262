"""What the linter says, where, and what it lets through."""

import pytest

from argosy.ctu.cel import CelError, parse
from argosy.ctu.rules.declared import RuleError, place_of, read_rule
from argosy.ctu.rules.lint import Level, lint, lint_files, mistakes
from argosy.ctu.rules.patterns import wildness
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.vocabulary import Vocabulary

VOCABULARY = Vocabulary(
    ("account.count_1m", "account.count_1h", "account.mean_30d", "pair.count"),
    attributes={"vpn": "bool", "note": "text", "risk": "number"},
)
THRESHOLDS = Thresholds({"many": 10.0})
FORM = """owner = "risk"
since = 2026-11-22
action = "review"
reason = "Because."
when = "{when}"

[hit]
"account.count_1m" = 12

[miss]
"account.count_1m" = 3
"""


def found(when, form=FORM, name="velocity.x"):
    return lint(name, form.replace("{when}", when), VOCABULARY, THRESHOLDS)


def test_a_good_rule_has_nothing_to_tell():
    assert found("account.count_1m >= t.many") == []


#    condition | column in the file | what is said | what may have been meant
MISTAKES = """
account.cuont_1m > 3 | 9 | there is no fact account.cuont_1m | account.count_1m
event.knid == 'pay' | 9 | there is no field of the event event.knid | event.kind
account.count_1m > t.mny | 28 | there is no threshold t.mny | t.many
account.count_1m > 'a' | 9 | a number is compared with a text |
event.kind > 3 | 9 | a text is compared with a number |
account.count_1m | 9 | a condition is true or false, this is a number |
event.kind in [] | 23 | nothing is in an empty list |
event.kind in ['a', 1] | 23 | a list holds only numbers, only texts or only bools |
event.kind in 'a' | 23 | after in stands a list or a set, not a text |
3 in event.proofs | 9 | a number is looked for in a set |
event.vpn && 3 | 22 | && joins what is true or false, this is a number |
account.count_1m > -event.kind | 29 | - reckons with numbers, this is a text |
event.kind.startWith('a') | 9 | there is no function startWith | startsWith
event.note.matches('(a+)+') | 28 | this pattern is too wild: a repetition holds another repetition |
event.note.matches(event.kind) | 28 | a pattern is written out, not put together |
has(t.many) | 9 | a threshold is always there |
has(3) | 9 | has asks for one fact or field | has(account.mean_30d)
account.count_1m > 1 / 0 | 28 | this cannot be reckoned |
event.note == null | 23 | null says nothing here: ask has(...) whether a value is there |
account.count_1m > > 3 | 28 | this is no CEL from here on |
account.count_1m > 3u | 28 | a number is written 10 or 10.5, without a letter |
[1, 2].exists(y, y) | 26 | exists asks something true or false of each, this is a number |
true | 9 | this is always true |
account.count_1m < 0 | 9 | this is never true: account.count_1m is never below 0 |
account.count_1m >= 0 | 9 | this is always true: account.count_1m is never below 0 |
event.hour > 23 | 9 | this is never true: event.hour is 0 to 23 |
account.count_1m > 5 && account.count_1m < 3 | 33 | these can never be true together: account |
account.count_1m > 3 || !(account.count_1m > 5) | 33 | one of these is always true: account |
event.kind == 'a' && event.kind in ['b', 'c'] | 30 | these can never be true together: event |
"""


@pytest.mark.parametrize("line", MISTAKES.strip().splitlines())
def test_mistakes_are_told_with_their_place(line):
    when, column, message, hint = (part.strip() for part in line.rsplit(" | ", 3)) if line.count(
        " | "
    ) == 3 else ((*[p.strip() for p in line.rstrip("| ").rsplit(" | ", 2)], ""))  # fmt: skip
    problem = mistakes(found(when))[0]
    assert (problem.line, problem.column) == (5, int(column))
    assert problem.message.startswith(message)
    assert hint in problem.hint
    caret = problem.shown().splitlines()
    assert caret[2].index("^") - 4 == problem.column - 1
    assert caret[1].strip() == f'when = "{when}"'


FORMS = """
reason = "Because."      | reason = ""               | 4:10  | reason says nothing
action = "review"        | action = "challenge"      | 1:1   | which challenge?
action = "review"        | action = "stop"           | 3:10  | Invalid enum value 'stop'
owner = "risk"           | ownr = "risk"             | 1:8   | The rule contains unknown field `ownr`
owner = "risk"           | owner = risk              | 1:9   | no TOML: Invalid value (at line 1, column 9)
since = 2026-11-22       | since = "yesterday"       | 2:9   | Invalid RFC3339 encoded date
"account.count_1m" = 12  | "account.count_1m" = 2    | 7:1   | the hit does not hit
"account.count_1m" = 3   | "account.count_1m" = 30   | 10:1  | the miss does not miss
"account.count_1m" = 12  | "account.count_1h" = 12   | 7:1   | the hit lacks a value that the rule needs
"account.count_1m" = 3   | "account.count_9m" = 3    | 11:22 | there is no account.count_9m
"account.count_1m" = 3   | "account.count_1m" = "3"  | 11:22 | account.count_1m is a number, not '3'
"""


@pytest.mark.parametrize("line", FORMS.strip().splitlines())
def test_the_form_is_looked_at_too(line):
    was, now, place, message = (part.strip() for part in line.split(" | "))
    problem = mistakes(found("account.count_1m >= 10", FORM.replace(was, now)))[0]
    assert f"{problem.line}:{problem.column}" == place
    assert problem.message.startswith(message)


def test_a_word_that_is_no_key_of_a_rule():
    [problem] = found("account.count_1m >= 10", FORM.replace("owner =", "ownr ="))
    assert problem.hint == "did you mean owner?"


def test_a_family_that_nobody_knows():
    assert found("account.count_1m >= 10", name="speed.x")[0].message == "there is no family speed"


def test_what_may_be_missing_is_a_note_unless_it_is_asked_for():
    form = FORM.replace('_1m" = 12', '_1m" = 12\n"account.mean_30d" = 9').replace(
        '_1m" = 3', '_1m" = 3\n"account.mean_30d" = 9'
    )
    note = found("account.mean_30d > 3 && account.count_1m > 9", form)[0]
    assert (note.level, note.column) == (Level.NOTE, 9)
    assert note.message.startswith("account.mean_30d may be missing")
    assert (
        found("has(account.mean_30d) && account.mean_30d > 3 && account.count_1m > 9", form) == []
    )


def test_places_in_a_condition_of_several_lines():
    form = FORM.replace('"{when}"', '"""\naccount.count_1m >= 10\n  && event.knid == \'a\'"""')
    problem = found("", form)[0]
    assert (problem.line, problem.column) == (7, 6)
    assert problem.source == '  && event.knid == \'a\'"""'


def test_a_name_or_a_condition_used_twice(tmp_path):
    text = FORM.replace("{when}", "account.count_1m >= 10")
    paths = [tmp_path / "one" / "velocity" / "x.toml", tmp_path / "two" / "velocity" / "x.toml"]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text(text)
    problems = lint_files(paths, VOCABULARY, THRESHOLDS)
    assert [p.level for p in problems] == [Level.MISTAKE, Level.NOTE]
    assert "has this name as well" in problems[0].message
    assert problems[1].message == "velocity.x asks the same"


# --- patterns, parser --------------------------------------------------------------------------------

TAME = ("a+b", "^(pay|send)[0-9]{2,8}$", "(?:ab)?c*", r"\d+\.\d+", "[]a-z^]+", "a{3}", "x?y??")
WILD = (
    ("(a+)+", "a repetition holds another repetition"),
    ("(a|b*)*", "a repetition holds another repetition"),
    ("((ab)+c){2,5}", "a repetition holds another repetition"),
    ("a+b+c+", "more than 2 repetitions without an end"),
    (r"(a)\1", "it refers back to a group"),
    ("(?=a)", "it looks around"),
    ("(?P<x>a)", "it looks around"),
    ("(?i)a", "it looks around"),
    ("a{1,500}", "it repeats more than 100 times"),
    ("a++", "a repetition cannot be possessive"),
    ("(a", "it cannot be read"),
    ("a" * 201, "it is longer than 200 characters"),
)


@pytest.mark.parametrize("pattern", TAME)
def test_tame_patterns(pattern):
    assert wildness(pattern) is None


@pytest.mark.parametrize("pattern,why", WILD)
def test_wild_patterns(pattern, why):
    assert wildness(pattern).startswith(why)


def test_what_is_nested_without_end_is_refused():
    with pytest.raises(CelError, match="nested deeper"):
        parse("(" * 60 + "true" + ")" * 60 + " && " + "!" * 60 + "true")
    with pytest.raises(CelError, match="longer than"):
        parse("true || " * 1000 + "true")
    with pytest.raises(CelError, match="there is no condition"):
        parse("  ")


def test_a_text_that_is_no_rule():
    with pytest.raises(RuleError) as told:
        read_rule("velocity.x", "owner = 'a'\nwhen = 3\n")
    assert told.value.line >= 1
    assert place_of('[hit]\n"event.kind" = "a"\n', "event.kind") == (2, 16)
