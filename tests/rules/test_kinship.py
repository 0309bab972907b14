"""Circles of needs: every service in one is told of, no other, and long chains take no time."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rules.catalogue import Catalogue, Service
from rules.kinship import doubtful_needs

NAMES = "abcdefg"
graphs = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from([*NAMES, "unknown"]), max_size=4), min_size=1
)  # fmt: skip


def circles(needs):
    catalogue = Catalogue(tuple(Service(name, name, needs=tuple(some)) for name, some in needs.items()))
    told = [problem.message for problem in doubtful_needs(catalogue) if "in a circle" in problem.message]
    return [re.search(r"circle: (.*)\. Take", message)[1].split(" needs ") for message in told]


def leads_back(start, needs):
    seen, waiting = set(), list(needs[start])
    while waiting:
        here = waiting.pop()
        if here == start:
            return True
        if here not in seen:
            seen.add(here)
            waiting += needs.get(here, [])
    return False


@given(graphs)
def test_every_service_in_a_circle_is_told_of_and_no_other(needs):
    paths = circles(needs)
    for path in paths:
        assert path[0] == path[-1]
        assert all(need in needs[name] for name, need in pairwise(path))
    assert {name for path in paths for name in path} == {name for name in needs if leads_back(name, needs)}


def test_a_long_chain_is_no_circle():
    needs = {f"s{n}": [f"s{n + 1}", f"s{n + 2}"] for n in range(20_000)}
    assert circles(needs) == []


def test_a_long_circle_is_told_as_far_as_people_read():
    services = [Service(f"s{n:03}", "a service", needs=(f"s{(n + 1) % 500:03}",)) for n in range(500)]
    (problem,) = doubtful_needs(Catalogue(tuple(services)))
    assert "s000 needs s001" in problem.message
    assert "s004 needs (490 more) needs s495" in problem.message
    assert "s499 needs s000. Take one need out." in problem.message
