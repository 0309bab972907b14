"""The YAML language in which people decide what is said: load, check, decide, explain, test, and the words."""

from rules.cadence import next_due
from rules.decide import decide
from rules.explain import Explanation, explain
from rules.language import RuleSet
from rules.load import check, load
from rules.samples import ticket_from
from rules.trial import TestResult, run_tests
from rules.words import render

__all__ = [
    "Explanation",
    "RuleSet",
    "TestResult",
    "check",
    "decide",
    "explain",
    "load",
    "next_due",
    "render",
    "run_tests",
    "ticket_from",
]
