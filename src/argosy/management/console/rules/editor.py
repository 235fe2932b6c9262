"""The editor of a rule: findings while one types, names to complete, its own examples judged."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from nicegui import ui

from argosy.ctu.rules.lint import Level, Problem
from argosy.management.console.desk import Desk
from argosy.management.console.widgets import section, state_chip
from argosy.management.risk.writing import TEXT_CHARS_MAX, Looked, Tried, Writing, offset_of

PAUSE_SECONDS: Final = 0.25
WORDS_SHOWN: Final = 8

# CodeMirror's own completion is given one more source: the names that a rule may use.
_COMPLETE: Final = """
(async () => {
  const CM = await import("nicegui-codemirror");
  const made = getElement(%(id)d);
  if (!made) return;
  await made.editorPromise;
  made.setTheme(document.body.classList.contains("body--dark") ? "basicDark" : "basicLight");
  const options = %(words)s;
  const source = (context) => {
    const word = context.matchBefore(/[A-Za-z_][\\w.]*/);
    if (!word && !context.explicit) return null;
    return {from: word ? word.from : context.pos, options, validFor: /^[\\w.]*$/};
  };
  made.editor.dispatch({effects: CM.StateEffect.appendConfig.of(
    CM.EditorState.languageData.of(() => [{autocomplete: source}]))});
  made.editor.contentDOM.setAttribute("aria-label", %(label)s);
})()
"""
_KINDS: Final = {
    "fact": "variable",
    "event": "property",
    "score": "constant",
    "threshold": "constant",
}


class Editor:
    """One text; `writing` is what looks at it."""

    def __init__(self, desk: Desk, name: str, text: str, writing: Writing, *, writes: bool) -> None:
        self._desk = desk
        self._name = name
        self._text = text
        self._writing = writing
        self._writes = writes
        self._words = writing.words()
        self._turn = 0

    @property
    def text(self) -> str:
        """What stands there now."""
        return str(self._editor.value or "")

    def rename(self, name: str) -> None:
        """Another name for the same text."""
        self._name = name
        self._look()

    def build(self) -> None:
        """The editor itself."""
        self._editor = ui.codemirror(
            self._text,
            language="TOML",
            line_wrapping=True,
            on_change=self._typed,
        ).classes("risk-editor")
        self._editor.style("height:480px")
        if not self._writes:
            self._editor.disable()
        words: list[dict[str, Any]] = [
            {
                "label": word.label,
                "type": _KINDS.get(word.kind, "function"),
                "detail": word.type,
                "info": word.says,
            }
            for word in self._words
        ]
        told = {
            "id": self._editor.id,
            "words": json.dumps(words),
            "label": json.dumps(self._desk.say("rules.text")),
        }
        ui.timer(0.3, lambda: ui.run_javascript(_COMPLETE % told), once=True)

    def build_findings(self) -> None:
        """What the linter says, and what the examples do."""
        say = self._desk.say
        with section(say("rules.findings")):
            self._findings = ui.column().classes("w-full gap-2").props("aria-live=polite")
        with section(say("rules.examples")):
            self._examples = ui.column().classes("w-full gap-1")
        self._look()

    def build_names(self) -> None:
        """The names that may be used, with what they mean."""
        say = self._desk.say
        with section(say("rules.names")):
            self._find = ui.input(say("rules.find_name"), on_change=self._find_names).props(
                "dense outlined debounce=200 clearable maxlength=60"
            )
            self._names = ui.column().classes("w-full gap-1")
        self._find_names()

    # within

    async def _typed(self) -> None:
        self._turn += 1
        mine = self._turn
        await asyncio.sleep(PAUSE_SECONDS)
        if mine == self._turn:
            self._look()

    def _look(self) -> None:
        text = self.text[: TEXT_CHARS_MAX + 1]
        looked = self._writing.look(self._name or "velocity.new_one", text)
        self._editor.decorations = [
            mark for problem in looked.problems if (mark := _mark(text, problem)) is not None
        ]
        self._findings.clear()
        with self._findings:
            self._show_findings(looked)
        self._examples.clear()
        with self._examples:
            if not looked.tried:
                ui.label(self._desk.say("rules.examples_later")).classes("ar-soft")
            for tried in looked.tried:
                self._show_tried(tried)

    def _show_findings(self, looked: Looked) -> None:
        say = self._desk.say
        if not looked.problems:
            state_chip(say("rules.no_findings"), "good")
        for problem in looked.problems:
            wrong = problem.level is Level.MISTAKE
            with ui.column().classes("w-full gap-0"):
                with ui.row().classes("items-center gap-2"):
                    state_chip(
                        say("rules.mistake" if wrong else "rules.remark"),
                        "bad" if wrong else "warn",
                    )
                    place = say("rules.place", line=problem.line, column=problem.column)
                    ui.button(
                        place, on_click=lambda line=problem.line: self._editor.reveal_line(line)
                    ).props("flat dense no-caps size=sm")
                ui.label(problem.message).classes("risk-wrap")
                if problem.hint:
                    ui.label(problem.hint).classes("risk-mono ar-soft")

    def _show_tried(self, tried: Tried) -> None:
        say = self._desk.say
        with ui.row().classes("items-center gap-2"):
            state_chip(say("rules.right" if tried.right else "rules.not_right"),
                       "good" if tried.right else "bad")  # fmt: skip
            said = say("rules.hits" if tried.hits else "rules.misses")
            ui.label(f"[{tried.example}] {said}")
            if tried.lacking:
                ui.label(say("rules.lacking")).classes("text-warning")
        told = " · ".join(f"{name} = {value}" for name, value in tried.values.items())
        ui.label(told).classes("risk-mono ar-soft")

    def _find_names(self) -> None:
        wanted = str(self._find.value or "").casefold()
        found = [w for w in self._words if wanted in f"{w.label} {w.says}".casefold()][:WORDS_SHOWN]
        self._names.clear()
        with self._names:
            for word in found:
                with ui.column().classes("w-full gap-0"):
                    ui.label(f"{word.label}  {word.type}").classes("risk-mono")
                    if word.says:
                        ui.label(word.says).classes("ar-soft text-xs")


def _mark(text: str, problem: Problem) -> dict[str, Any] | None:
    """The place of a finding in the text, to the end of its word."""
    start = offset_of(text, problem.line, problem.column)
    end = start
    while end < len(text) and (text[end].isalnum() or text[end] in "._"):
        end += 1
    end = max(end, min(start + 1, len(text)))
    if end <= start:
        return None
    look = "risk-mistake" if problem.level is Level.MISTAKE else "risk-noted"
    return {"kind": "mark", "from": start, "to": end, "class": look}
