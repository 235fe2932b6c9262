"""How the house is kept, as far as a program can see it. Each finding names what to do instead."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOT, Module, make_tree, modules

MODULE_LINES_MAX = 500
LONGER: dict[str, str] = {
    # module: why a reader would accept it
    "app": "the one list of everything that is plugged together, read from top to bottom",
}

# Where the outside comes in: these may ask the machine for the time or for chance. A board's name
# stands for all that is in it.
EDGES: dict[str, str] = {
    "base.clock": "it is the clock",
    "base.ids": "it is the source of ids",
    "bench": "measures from outside, like a customer with a stop-watch",
    "settings": "makes keys for the operator, before anything runs",
}

MONEY = (
    "banks", "base.gate", "base.ledger", "base.money", "base.orders", "base.postings", "base.wallet",
    "markets", "products", "public_services.cashier", "public_services.fees", "public_services.fx",
)  # fmt: skip

NO_AMOUNT = (
    "seconds",
    "pause",
    'float("inf")',
)  # a line with one of these speaks of a wait or bound

NAMES_WITHOUT_MEANING = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "managers",
}

OUTSIDE = {
    "datetime.now": "a Clock that was handed in",
    "datetime.utcnow": "a Clock that was handed in",
    "datetime.today": "a Clock that was handed in",
    "date.today": "local_day(clock.now(), zone)",
    "time.time": "a Clock that was handed in",
    "time.time_ns": "a Clock that was handed in",
    "uuid4": "ids.new()",
    "uuid1": "ids.new()",
    "uuid.uuid4": "ids.new()",
    "uuid.uuid1": "ids.new()",
}
CHANCE = {"random", "secrets"}  # modules: what they give comes in as an argument

REGISTRIES = [
    "py" + "pi.org",
    "pythonhosted" + ".org",
    "npm" + "js",
    "/opt/" + "pypi",
    "index" + "-url =",
]
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")

Check = Callable[[Module], Iterable[str]]


def no_assert(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assert):
            yield f"{node.lineno} `assert` vanishes under -O: use must(condition, saying)"


def no_float_near_money(module: Module) -> Iterator[str]:
    if not any(module.name == part or module.name.startswith(part + ".") for part in MONEY):
        return
    lines = module.text.splitlines()
    for node in ast.walk(module.tree):
        line = lines[node.lineno - 1] if hasattr(node, "lineno") else ""
        if any(word in line.lower() for word in NO_AMOUNT):
            continue
        if isinstance(node, ast.Name) and node.id == "float":
            yield f"{node.lineno} `float` near money: use whole minor units, Decimal or Fraction"
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{node.lineno} {node.value} near money: use whole minor units or a Decimal"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _joins_paths(node):
            yield f"{node.lineno} `/` makes a float: use a named rounding or `//`"


def _joins_paths(node: ast.BinOp) -> bool:
    if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Div):
        return _joins_paths(node.left) or _is_text(node.right)
    source = ast.unparse(node.left)
    return _is_text(node.right) or any(w in source for w in ("Path(", "folder", "path", "place"))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def names_have_meaning(module: Module) -> Iterator[str]:
    for part in module.name.split("."):
        if part in NAMES_WITHOUT_MEANING:
            yield f"1 a module called {part!r} says nothing: name what it does"


def short_enough(module: Module) -> Iterator[str]:
    lines = module.text.count("\n")
    if lines > MODULE_LINES_MAX and module.name not in LONGER:
        yield f"{lines} lines: split it by verbs, or give the reason in LONGER"


def outside_is_handed_in(module: Module) -> Iterator[str]:
    if module.name in EDGES or module.board in EDGES:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            words = ast.unparse(node)
            instead = OUTSIDE.get(words) or OUTSIDE.get(".".join(words.split(".")[-2:]))
            if instead:
                yield f"{node.lineno} `{words}`: use {instead}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            words = ast.unparse(node.func)  # as the default of an argument it is handed in
            if words.partition(".")[0] in CHANCE and not (words == "random.Random" and node.args):
                yield f"{node.lineno} `{words}()`: take the source of chance as an argument"
        if isinstance(node, ast.ImportFrom) and node.module in CHANCE and not node.level:
            yield f"{node.lineno} `{node.module}`: take the source of chance as an argument"


def nothing_swallowed(module: Module) -> Iterator[str]:
    wide = {"Exception", "BaseException"}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            kind = ast.unparse(node.type) if node.type else "BaseException"
            silent = all(isinstance(s, ast.Pass | ast.Continue) or _is_dots(s) for s in node.body)
            if kind in wide and silent:
                yield f"{node.lineno} swallows everything: name what may fail, and say that it did"
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith("suppress")
            and any(ast.unparse(arg) in wide for arg in node.args)
        ):
            yield f"{node.lineno} swallows everything: name what may fail"


def _is_dots(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and ast.unparse(node) == "..."


CHECKS: list[Check] = [
    no_assert,
    no_float_near_money,
    names_have_meaning,
    short_enough,
    outside_is_handed_in,
    nothing_swallowed,
]


def findings(check: Check, found: Iterable[Module]) -> list[str]:
    return [f"{module.name}:{words}" for module in found for words in check(module)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_source_is_tidy(check):
    assert findings(check, modules()) == []


def test_every_exception_is_still_needed():
    names = {module.name for module in modules()}
    assert set(EDGES) | set(LONGER) <= names


TWINS = {
    "no_assert": ("base/a.py", "assert True\n"),
    "no_float_near_money": ("base/money.py", "x = 1.5\n"),
    "names_have_meaning": ("base/utils.py", ""),
    "short_enough": ("base/a.py", "x = 1\n" * 501),
    "outside_is_handed_in": ("base/a.py", "from uuid import uuid4\nx = uuid4()\n"),
    "nothing_swallowed": ("base/a.py", "try:\n    x = 1\nexcept Exception:\n    pass\n"),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_twin_each_check_can_fail(check, tmp_path):
    path, text = TWINS[check.__name__]
    assert len(findings(check, modules(make_tree(tmp_path, {path: text})))) == 1


SUBTLER = [
    ("no_float_near_money", "products/a.py", "def f(a, b):\n    return a / b\n", 1),
    ("no_float_near_money", "products/a.py", "def f(a):\n    return float(a)\n", 1),
    ("no_float_near_money", "products/a.py", "def f(folder):\n    return folder / 'x' / 'y'\n", 0),
    ("no_float_near_money", "base/store/a.py", "x = 1.5\n", 0),
    ("outside_is_handed_in", "base/a.py", "import datetime\nx = datetime.datetime.now()\n", 1),
    ("outside_is_handed_in", "base/a.py", "import random\nx = random.random()\n", 1),
    ("outside_is_handed_in", "base/a.py", "import random\nx = random.Random()\n", 1),
    ("outside_is_handed_in", "base/a.py", "import random\nx = random.Random(7)\n", 0),
    ("outside_is_handed_in", "base/a.py", "def f(chance=secrets.token_bytes):\n    chance(1)\n", 0),
    ("outside_is_handed_in", "base/a.py", "from secrets import token_hex\n", 1),
    ("outside_is_handed_in", "base/a.py", "def f(clock):\n    return clock.now()\n", 0),
    ("nothing_swallowed", "base/a.py", "with contextlib.suppress(Exception):\n    x = 1\n", 1),
    ("nothing_swallowed", "base/a.py", "try:\n    x = 1\nexcept KeyError:\n    pass\n", 0),
    ("nothing_swallowed", "base/a.py", "try:\n    x = 1\nexcept:\n    pass\n", 1),
]


@pytest.mark.parametrize("name,path,text,count", SUBTLER)
def test_twin_the_subtler_cases(name, path, text, count, tmp_path):
    check = next(check for check in CHECKS if check.__name__ == name)
    assert len(findings(check, modules(make_tree(tmp_path, {path: text})))) == count


# --- all files, of whatever kind -----------------------------------------------------------------


def kept_files() -> list[Path]:
    """Every text file that belongs to the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:  # an unpacked archive
        paths = [p for top in ("src", "tests", "docs") for p in (ROOT / top).rglob("*")]
        paths += list(ROOT.glob("*.*"))
    binary = {".png", ".jpg", ".woff2", ".ico", ".pdf", ".pyc"}
    return [path for path in paths if path.is_file() and path.suffix not in binary]


def loose_ends(name: str, text: str) -> list[str]:
    found = [f"{name}: names a package registry ({host})" for host in REGISTRIES if host in text]
    if not name.endswith(".lock"):
        found += [f"{name}: unfinished: {m[0]}" for m in UNFINISHED.finditer(text)]
    return found


def test_no_file_has_loose_ends():
    found = []
    for path in kept_files():
        found += loose_ends(str(path.relative_to(ROOT)), path.read_text("utf-8"))
    assert found == []


def test_twin_loose_ends_are_seen():
    lock = "--index" + "-url = https://" + REGISTRIES[0] + "/simple\n"
    assert len(loose_ends("requirements.lock", lock)) == 2
    assert len(loose_ends("src/a.py", "x = 1  # TO" + "DO: two\n")) == 1
    assert loose_ends("src/a.py", "a hackathon, todos\n") == []
