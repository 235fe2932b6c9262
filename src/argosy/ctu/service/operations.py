"""Every operation of the API, in one table: the addresses are answered by it, and the document that
describes the API is made of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from argosy.base.refusals import Reason, Refused
from argosy.ctu.cases import CaseReason
from argosy.ctu.decide.reasons import DecideReason
from argosy.ctu.service import acts, shapes
from argosy.ctu.service.acts import Call
from argosy.ctu.service.answers import Answer
from argosy.ctu.service.facts import Scope, ServiceReason
from argosy.ctu.service.services import RiskApi

Act = Callable[[RiskApi, Call], Awaitable[Answer | Refused]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `body`, `query` and `gives` are forms of `shapes`; `reasons` are its
    own refusals beside those that every operation has."""

    name: str
    method: str
    path: str
    summary: str
    act: Act
    gives: type
    scope: Scope = Scope.EVENTS
    body: type[shapes.In] | None = None
    query: type[shapes.In] = shapes.NoQuery
    is_batch: bool = False
    reasons: tuple[Reason, ...] = ()
    description: str = ""

    @property
    def tag(self) -> str:
        return self.scope.value

    @property
    def refusals(self) -> tuple[Reason, ...]:
        """Every refusal that it can answer."""
        found: list[Reason] = [*_ALWAYS, *self.reasons]
        if self.body is not None:
            found += _WITH_BODY
        return tuple(dict.fromkeys(found))


_ALWAYS = (
    ServiceReason.RISK_KEY_MISSING,
    ServiceReason.RISK_KEY_UNKNOWN,
    ServiceReason.RISK_KEY_SCOPE,
    ServiceReason.RISK_BODY_UNREADABLE,
    ServiceReason.RISK_BODY_TOO_LARGE,
    ServiceReason.RISK_QUERY_INVALID,
    ServiceReason.RISK_BRAIN_UNAVAILABLE,
    ServiceReason.RISK_BROKEN,
)
_WITH_BODY = (ServiceReason.RISK_BODY_INVALID, ServiceReason.RISK_CONTENT_TYPE)
_CASE = (CaseReason.CASE_NOT_FOUND,)
_CLAIM = (
    *_CASE,
    CaseReason.CASE_CLAIMED,
    CaseReason.CASE_ALREADY_DECIDED,
    CaseReason.CASE_BY_MISSING,
)
_DECIDE = (
    *_CLAIM,
    CaseReason.CASE_NEEDS_ANOTHER,
    CaseReason.CASE_REASON_MISSING,
    CaseReason.CASE_SCHEME_UNREADABLE,
)
_CASES, _ONE = "/v1/cases", "/v1/cases/{id}"

# fmt: off
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "judge_event", "POST", "/v1/events", "Judge an event", acts.judge, shapes.Verdict,
        body=shapes.NewEvent, reasons=(ServiceReason.EVENT_EXISTS_DIFFERENTLY,),
        description="The same event again is given the same verdict, with the header `Replayed`."
        " A challenged event may come again with a further proof, and is then judged again.",
    ),
    Operation(
        "judge_events", "POST", "/v1/events:batch", "Judge many events", acts.judge_all,
        shapes.JudgedAll, body=shapes.NewEvents, is_batch=True,
        description=f"At most {shapes.BATCH_MAX} at once, each judged or refused for itself.",
    ),
    Operation(
        "tell_outcome", "POST", "/v1/outcomes", "Tell what became of an event", acts.outcome,
        shapes.OutcomeTaken, body=shapes.NewOutcome,
        reasons=(DecideReason.VERDICT_NOT_FOUND, ServiceReason.EVENT_OUTCOME),
    ),
    Operation(
        "tell_label", "POST", "/v1/labels", "Tell what was found out about an event", acts.label,
        shapes.LabelTaken, body=shapes.NewLabel,
        reasons=(CaseReason.EVENT_NOT_KNOWN, CaseReason.LABEL_SOURCE_UNKNOWN),
        description="A report of a customer or a merchant also opens a case.",
    ),
    Operation(
        "read_verdict", "GET", "/v1/verdicts/{id}", "Read a verdict with its explanation",
        acts.verdict, shapes.Explained, reasons=(DecideReason.VERDICT_NOT_FOUND,),
    ),
    Operation(
        "list_cases", "GET", _CASES, "List cases", acts.list_cases, shapes.CaseList, Scope.DESK,
        query=shapes.CasesPage,
    ),
    Operation(
        "decide_cases", "POST", "/v1/cases:decide", "Decide many cases at once", acts.decide_all,
        shapes.DecidedAll, Scope.DESK, body=shapes.GangDecision,
        reasons=(CaseReason.CASES_TOO_MANY,),
    ),
    Operation(
        "show_case", "GET", _ONE, "Read a case with its evidence", acts.show_case,
        shapes.CaseShown, Scope.DESK, reasons=_CASE,
    ),
    Operation(
        "read_case_links", "GET", _ONE + "/links", "Read who is linked with whom around a case",
        acts.graph, shapes.Graph, Scope.DESK, reasons=_CASE,
    ),
    Operation(
        "claim_case", "POST", _ONE + "/claim", "Take a case", acts.claim, shapes.Case, Scope.DESK,
        body=shapes.Claim, reasons=_CLAIM,
    ),
    Operation(
        "let_go_case", "POST", _ONE + "/let-go", "Give a case back to the queue", acts.let_go,
        shapes.Case, Scope.DESK, body=shapes.Claim, reasons=_CASE,
    ),
    Operation(
        "decide_case", "POST", _ONE + "/decide", "Decide a case", acts.decide, shapes.Case,
        Scope.DESK, body=shapes.Decision, reasons=_DECIDE,
        description="Where the amount asks for two people, the first decision is a proposal.",
    ),
    Operation(
        "list_facts", "GET", "/v1/facts", "List the facts that are kept", acts.list_facts,
        shapes.Listing, Scope.DESK,
    ),
    Operation(
        "list_rules", "GET", "/v1/rules", "List the rules that are live", acts.list_rules,
        shapes.Listing, Scope.DESK,
    ),
    Operation(
        "list_models", "GET", "/v1/models", "List the models that are live", acts.list_models,
        shapes.Listing, Scope.DESK,
    ),
)
# fmt: on
