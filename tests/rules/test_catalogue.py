import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tickets import Person, Ticket
from rules.catalogue import Catalogue, Location, Service, problems

CARDS = Service(
    "card-gateway", "card payments", aliases={"servicenow": ("CARD-GW-PROD", "Card Gateway"), "jira": ("card-gw",)}
)
SHOP = Service("shop", "the online shop", aliases={"servicenow": ("WEB",), "jira": ("Web Shop",)})
BERLIN = Location("berlin-mitte", "Berlin Mitte", "Europe/Berlin", aliases=("BER-01",))
CATALOGUE = Catalogue((SHOP, CARDS), (BERLIN,))


def ticket(platform="servicenow", **fields):
    return Ticket(site="s", platform=platform, kind="incident", key="INC1", id="1", **fields)


@pytest.mark.parametrize("raw", ["CARD-GW-PROD", "card-gw-prod", " Card  Gateway ", "card-gateway", "Card Payments"])
def test_a_service_is_found_by_id_name_or_alias_whatever_the_case(raw):
    assert CATALOGUE.service_of(ticket(service=raw)) is CARDS


@pytest.mark.parametrize("raw", ["", "CARD", "card-gateway-2", "the card gateway", "card-gw"])
def test_what_is_only_similar_is_not_found(raw):
    assert CATALOGUE.service_of(ticket(service=raw)) is None


def test_an_alias_holds_on_its_own_platform_only():
    assert CATALOGUE.service_of(ticket("jira", service="card-gw")) is CARDS
    assert CATALOGUE.service_of(ticket("servicenow", service="card-gw")) is None


def test_the_service_leads_then_the_item_then_the_components():
    assert CATALOGUE.service_of(ticket(service="WEB", ci="CARD-GW-PROD")) is SHOP
    assert CATALOGUE.service_of(ticket(service="unknown", ci="CARD-GW-PROD")) is CARDS
    assert CATALOGUE.service_of(ticket("jira", components=("other", "card-gw", "Web Shop"))) is CARDS


def test_a_place_is_the_tickets_else_the_requesters():
    assert CATALOGUE.location_of(ticket(location="ber-01")) is BERLIN
    assert CATALOGUE.location_of(ticket(requester=Person(location="Berlin Mitte"))) is BERLIN
    assert CATALOGUE.location_of(ticket(location="Hamburg")) is None
    assert CATALOGUE.location_of(ticket()) is None


@given(st.permutations([CARDS, SHOP]), st.sampled_from(["CARD-GW-PROD", "WEB", "shop", "nothing"]))
def test_the_order_in_the_file_never_matters(services, raw):
    assert Catalogue(tuple(services)).service_of(ticket(service=raw)) == CATALOGUE.service_of(ticket(service=raw))


def test_a_sound_catalogue_has_no_problems():
    assert problems(CATALOGUE) == ()


def test_a_name_that_finds_two_services_is_a_problem_at_the_later_one():
    other = Service("pos", "the tills", aliases={"servicenow": ("card gateway",)}, where=("c.yaml", 7, 5))
    (problem,) = problems(Catalogue((CARDS, other)))
    assert str(problem) == (
        "c.yaml:7:5: 'card gateway' names two services on servicenow: card-gateway and pos. "
        "Keep it with one of them, or a ticket cannot tell which is meant."
    )


def test_an_alias_that_is_another_services_name_is_a_problem():
    other = Service("pos", "the tills", aliases={"jira": ("Card Payments",)}, where=("c.yaml", 7, 5))
    (problem,) = problems(Catalogue((CARDS, other)))
    assert "'card payments' names two services on jira: card-gateway and pos." in problem.message


def test_the_same_alias_on_two_platforms_is_no_problem():
    other = Service("pos", "the tills", aliases={"jira": ("CARD-GW-PROD",)})
    assert problems(Catalogue((CARDS, other))) == ()


def test_a_place_found_twice_is_a_problem():
    other = Location("ber-2", "Berlin Ost", aliases=("ber-01",), where=("c.yaml", 9, 1))
    (problem,) = problems(Catalogue((), (BERLIN, other)))
    assert "'ber-01' names two locations: ber-2 and berlin-mitte." in problem.message


def test_a_name_that_the_guard_would_stop_is_a_problem():
    (problem,) = problems(Catalogue((Service("x", "web01.acme.local", where=("c.yaml", 2, 3)),)))
    assert problem.message.startswith("x: 'web01.acme.local' holds a host name ('web01.acme.local'); the leak guard")
