"""The model of docs/access.md that expectations follow from, and what can be seen of a role in them."""

import copy

import pytest

from authorization import model, roles
from authorization.catalog import Catalog, Field, Kind, RecordType, Rpc
from authorization.model import Outcome, Relation
from authorization.page import cell
from authorization.roles import Access, FieldAccess
from authorization.rows import OF_KIND, OPPORTUNITY, Judgement, Row, rows
from devkit import artifacts
from devkit.layout import ROOT
from lint.descriptors import compile_protos

DEAL = RecordType("sales.lotura/Deal", "lotura.sales.v1.Deal", "deals/{deal}", "deal", "deals", (
    Field("display_name", required=True), Field("owner", access="OWNER"),
    Field("readers", access="READERS"), Field("editors", access="EDITORS")))


def role(rules: list[tuple[str, str]], fields: dict[str, str] | None = None,
         permissions: tuple[str, ...] = ("*",)) -> roles.Role:
    """What a role with these rules for deals is."""
    record = {"name": "roles/tried", "display_name": "Tried", "permissions": permissions,
              "record_rules": [{"record_type": DEAL.type, "scope": f"SCOPE_{scope}",
                                "access": f"ACCESS_{access}"} for scope, access in rules],
              "field_rules": [{"record_type": DEAL.type, "field": name, "access": f"ACCESS_{access}"}
                              for name, access in (fields or {}).items()]}
    return roles.resolve([record])["tried"]


def access_of(tried: roles.Role) -> dict[Relation, Access]:
    return {relation: found for relation in Relation
            if (found := model.view(tried, DEAL, relation).access)}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog(compile_protos(ROOT, artifacts.googleapis().path))


def test_nothing_is_seen_without_a_rule():
    assert access_of(role([])) == {}


@pytest.mark.parametrize(("scope", "relations"), [
    ("OWN", {Relation.OWN}),
    ("TEAM", {Relation.OWN, Relation.TEAM}),
    ("TEAM_AND_BELOW", {Relation.OWN, Relation.TEAM, Relation.BELOW}),
    ("UNOWNED", {Relation.NOBODY}),
    ("ALL", set(Relation) - set(model.BEYOND)),
])
def test_a_scope_reaches_its_records_and_no_other(scope, relations):
    assert access_of(role([(scope, "DELETE")])) == dict.fromkeys(relations, Access.DELETE)


def test_what_is_shared_is_read_by_readers_and_at_most_changed_by_editors():
    assert access_of(role([("SHARED", "DELETE")])) == {Relation.READER: Access.READ,
                                                       Relation.EDITOR: Access.UPDATE}
    assert access_of(role([("SHARED", "READ")])) == {Relation.READER: Access.READ,
                                                     Relation.EDITOR: Access.READ}


def test_rules_add_up():
    tried = role([("OWN", "UPDATE"), ("TEAM", "READ")])

    assert access_of(tried) == {Relation.OWN: Access.UPDATE, Relation.TEAM: Access.READ}


def test_a_field_without_a_rule_is_hidden_as_soon_as_there_is_one():
    tried = role([("OWN", "UPDATE"), ("ALL", "READ")], {"display_name": "WRITE", "owner": "READ"})

    own, other = (model.view(tried, DEAL, one).fields for one in (Relation.OWN, Relation.FOREIGN))

    assert own == {"display_name": FieldAccess.WRITE, "owner": FieldAccess.READ,
                   "readers": FieldAccess.HIDDEN, "editors": FieldAccess.HIDDEN}
    assert other == own | {"display_name": FieldAccess.READ}


def outcomes(tried: roles.Role, kind: Kind, catalog: Catalog) -> dict[Relation, Outcome]:
    row = Row(Rpc("lotura.sales.v1.DealService/X", "sales.deals.x", kind, DEAL), OF_KIND[kind], DEAL)
    return {relation: model.expected(catalog, row, tried, relation)
            for group in model.relations_of(row) for relation in group}


def test_what_is_not_his_is_not_there_and_what_he_reads_is_protected(catalog):
    found = outcomes(role([("OWN", "UPDATE"), ("TEAM", "READ")]), Kind.UPDATE, catalog)

    assert found == {**dict.fromkeys(found, Outcome.NOT_THERE), Relation.OWN: Outcome.DONE,
                     Relation.TEAM: Outcome.PROTECTED}


def test_a_permission_comes_before_everything(catalog):
    tried = role([("ALL", "DELETE")], permissions=("sales.deals.y", "sales.dealsx*"))

    assert set(outcomes(tried, Kind.GET, catalog).values()) == {Outcome.REFUSED}
    for enough in ("sales.deals.x", "sales.deals.*", "sales.*", "*"):
        tried = role([("ALL", "DELETE")], permissions=(enough,))
        assert Outcome.REFUSED not in outcomes(tried, Kind.GET, catalog).values()


def test_a_new_record_is_one_that_he_could_change_and_his_if_it_is_nobodys(catalog):
    found = outcomes(role([("OWN", "UPDATE"), ("TEAM", "READ")]), Kind.CREATE, catalog)

    assert found[Relation.OWN] is found[Relation.NOBODY] is Outcome.DONE
    assert found[Relation.TEAM] is found[Relation.FOREIGN] is Outcome.PROTECTED
    # He is not told that there is no such user.
    assert found[Relation.ABSENT] is found[Relation.TENANT] is Outcome.PROTECTED
    all_of_them = outcomes(role([("ALL", "UPDATE")]), Kind.CREATE, catalog)
    assert all_of_them[Relation.ABSENT] is Outcome.NO_REFERENCE


def test_an_answer_is_a_part_where_a_field_is_not_read(catalog):
    tried = role([("ALL", "READ")], {"owner": "HIDDEN", "*": "READ"})

    assert outcomes(tried, Kind.LIST, catalog)[Relation.FOREIGN] is Outcome.PARTLY


@pytest.mark.parametrize(("masking", "value", "shown"), [
    ("EMAIL", "anna@example.com", "a***@example.com"), ("PHONE", "+4369912345", "***45"),
    ("EMAIL", "", "")])
def test_a_masked_value_tells_a_part(masking, value, shown):
    assert model.masked(masking, value) == shown


def test_what_the_model_does_not_know_is_refused():
    with pytest.raises(roles.Unmodelled):
        roles.RecordRule.read({"record_type": DEAL.type, "scope": "SCOPE_ALL",
                               "access": "ACCESS_READ", "filter": "state = OPEN"})


def signature(catalog: Catalog, tried: roles.Role) -> list:
    """All of a role that the page shows."""
    fields = [tried.field(one.type, column.name) for one in catalog.types.values()
              for column in one.columns]
    return [cell(catalog, row, tried) for row in rows(catalog)] + fields


def test_every_line_of_every_role_is_seen_in_the_table(catalog):
    records = roles.messages(ROOT)
    whole = roles.resolve(records)
    unseen = []
    for place, record in enumerate(records):
        known = signature(catalog, whole[record["name"].removeprefix("roles/")])
        for part in ("permissions", "record_rules", "field_rules"):
            for line in record.get(part, ()):
                # It opens no RPC, but a field of some.
                if str(line).endswith(".setTimes"):
                    continue
                changed = copy.deepcopy(records)
                changed[place][part].remove(line)
                tried = roles.resolve(changed)[record["name"].removeprefix("roles/")]
                if signature(catalog, tried) == known:
                    unseen.append((record["name"], line))

    assert unseen == []


def test_the_model_knows_whose_records_there_are(catalog):
    assert catalog.types[OPPORTUNITY].has_owner
    assert [one.method for one in catalog.rpcs if one.type is catalog.types[OPPORTUNITY]
            and one.kind is None] == ["MoveOpportunity", "ReopenOpportunity"]
    price = catalog.types["sales.lotura/Price"]
    assert catalog.parent_of(price).type == "sales.lotura/PriceList"
    assert {one.type for one in catalog.needed_by(price)} == {"sales.lotura/PriceList",
                                                              "sales.lotura/Product"}
    verbs = [row for row in rows(catalog) if row.judgement is Judgement.VERB]
    assert len({row.slot for row in verbs}) == len(verbs)
