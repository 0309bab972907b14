"""The YAML language in which people decide what is said: load, check, decide, explain, test, and the words."""

from rules.appointments import appointments
from rules.cadence import next_due
from rules.decide import decide
from rules.explain import explain
from rules.jsonschema import json_schema
from rules.language import RuleSet
from rules.load import check, load
from rules.proofread import style_of
from rules.samples import ticket_from
from rules.told import Explanation
from rules.trial import TestResult, run_tests
from rules.wording import Remark, Style, remarks
from rules.words import render

__all__ = [
    "Explanation",
    "Remark",
    "RuleSet",
    "Style",
    "TestResult",
    "appointments",
    "check",
    "decide",
    "explain",
    "json_schema",
    "load",
    "next_due",
    "remarks",
    "render",
    "run_tests",
    "style_of",
    "ticket_from",
]
