"""The tree is the drawing of the architecture, and this holds its arrows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import SOURCE, Module, make_tree, modules

# May import everything; nothing imports them.
WIRING = {
    "",
    "__main__",
    "app",
    "cli",
    "cli_figures",
    "cli_keys",
    "cli_staff",
    "desks",
    "opening",
    "proxies",
    "settings",
    "web",
    "workers",
}
TOOLS = {"bench", "sandbox"}  # stand outside the wallet and use it: measuring, the demo town

# Who may import what: a board (`base`) or a part of one (`channels.qr`). Itself is always allowed.
ARROWS: dict[str, set[str]] = {
    "base": set(),
    "ctu": {"base"},  # its words only, see `is_word`
    "products": {"base"},
    "banks": {"base"},
    "public_services": {"base", "products"},
    "partners": {"base", "products", "public_services"},
    "channels": {"base", "products", "public_services"},
    "management": {"base", "ctu", "public_services"},
    "markets": {"base", "channels.qr"},  # the contracts of the boards that a pack fills
}
# What the base must not know: screens, the web, the command line.
NOT_IN_BASE = {"fpdf", "httpx", "jinja2", "litestar", "rich", "segno", "typer", "uvicorn"}


def is_word(name: str) -> bool:
    """Whether `base...` is vocabulary: a file of base itself, a `facts` module, or the store."""
    parts = name.split(".")
    return len(parts) <= 2 or parts[2:3] == ["facts"] or parts[1] == "store"


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of all that a module imports, with `from a import b` as `a.b`."""
    is_package = module.path.name == "__init__.py"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            here = ["argosy", *module.name.split(".")]
            up = here[: len(here) - node.level + is_package] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def wrong_arrows(source: Path) -> list[str]:
    found = []
    names = {module.name for module in modules(source)}
    packs = {name.split(".")[1] for name in names if name.count(".") > 1 and name[:8] == "markets."}
    for module in modules(source):
        if module.board in WIRING | TOOLS:
            continue
        if module.board not in ARROWS:
            found.append(f"{module.name}: {module.board} is no board of the drawing")
            continue
        for line, target in imports(module):
            root, _, rest = target.partition(".")
            if root != "argosy":
                if module.board == "base" and root in NOT_IN_BASE:
                    found.append(f"{module.name}:{line} base does not know {root}")
                continue
            while rest and rest not in names:  # `from a.b import Thing` means a.b
                rest = rest.rpartition(".")[0]
            if not may_import(module.name, rest, packs):
                found.append(f"{module.name}:{line} may not import argosy.{rest}")
    return found


def may_import(importer: str, target: str, packs: set[str]) -> bool:
    board, to = importer.partition(".")[0], target.partition(".")[0]
    if board == "markets" and to == "markets":
        pack = target.split(".")[1:2]  # a file of the board itself is for every pack
        return not packs.intersection(pack) or pack == importer.split(".")[1:2]
    if board == to or target == "":
        return True
    if to in WIRING | TOOLS or not any(
        target == a or target.startswith(a + ".") for a in ARROWS[board]
    ):
        return False
    return board != "ctu" or to != "base" or is_word(target)


def test_every_import_follows_an_arrow():
    assert wrong_arrows(SOURCE) == []


def test_the_walk_saw_the_house():
    boards = {module.board for module in modules()}
    assert {"base", "channels", "markets", "products", "public_services"} <= boards


def test_twin_each_wrong_arrow_is_seen(tmp_path):
    source = make_tree(
        tmp_path,
        {
            "base/a.py": "from argosy.products import pay\nimport litestar\n",
            "base/b.py": "def f():\n    from ..channels.lite import page\n",
            "base/ledger/facts.py": "",
            "base/ledger/books.py": "",
            "channels/lite.py": "from argosy.base.ledger import books\n",
            "channels/qr.py": "from argosy.markets.india import pack\n",
            "ctu/rules.py": "from argosy.base.ledger.facts import X\n"
            "from argosy.base.ledger.books import Y\n",
            "markets/card.py": "from argosy.markets.india import pack\n",
            "markets/india/pack.py": "import argosy.channels.qr\nfrom argosy.markets.siam import pack\n"
            "from argosy.markets.card import grade\n",
            "markets/siam/pack.py": "from argosy.channels.lite import page\n",
            "products/pay.py": "import argosy.settings\n",
            "products/send.py": "from argosy.base import a\nfrom argosy.sandbox import town\n",
            "sandbox/town.py": "from argosy.products import send\n",
            "settings.py": "from argosy.base import a\n",
            "shop/till.py": "",
        },
    )
    assert wrong_arrows(source) == [
        "base.a:1 may not import argosy.products.pay",
        "base.a:2 base does not know litestar",
        "base.b:2 may not import argosy.channels.lite",
        "channels.qr:1 may not import argosy.markets.india.pack",
        "ctu.rules:2 may not import argosy.base.ledger.books",
        "markets.card:1 may not import argosy.markets.india.pack",
        "markets.india.pack:2 may not import argosy.markets.siam.pack",
        "markets.siam.pack:1 may not import argosy.channels.lite",
        "products.pay:1 may not import argosy.settings",
        "products.send:2 may not import argosy.sandbox.town",
        "shop.till: shop is no board of the drawing",
    ]
