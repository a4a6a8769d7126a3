"""Preparing the sandbox's org: looking, making, changing, granting, and taking back."""

from collections.abc import Collection
from time import perf_counter
from typing import Any

import pytest

from app.connectors.preparer import Deployed, Part, PartKey, PartState, Preparable, Survey
from app.connectors.salesforce.metadata_deploy import deploy
from app.connectors.salesforce.metadata_xml import Member, Node, Package, document
from app.connectors.salesforce.prepare import SalesforcePreparer
from app.connectors.salesforce.prepare_org import query
from app.domain.control import CancelToken, Progress, no_report
from app.domain.plan import OutcomeState, Verb
from app.errors import Cancelled
from tests.connectors.world import World, make_operation

FAMILY, KEY = "Client_Plan__c.Family__c", "Aria_Item__c.Aria_Key__c"


def preparer(world: World) -> SalesforcePreparer:
    connector = world.connectors["salesforce"]
    assert isinstance(connector, Preparable)
    made = connector.preparer()
    assert isinstance(made, SalesforcePreparer)
    return made


def looked(world: World) -> Survey:
    return preparer(world).survey(CancelToken(), no_report)


def needed(survey: Survey) -> list[Part]:
    return [part for part in survey.parts if part.ticked]


def made(world: World, parts: Collection[Part] | None = None) -> Deployed:
    chosen = needed(looked(world)) if parts is None else list(parts)
    return preparer(world).deploy(chosen, CancelToken(), no_report)


def by_hand(world: World, package: Package) -> None:
    """Change the org as an admin does, past Concord."""
    connector: Any = world.connectors["salesforce"]
    ended = deploy(connector._session, package, CancelToken(), no_report, check_only=False)
    assert ended.success, ended.failures
    connector._schema.forget()


def emptied(world: World) -> None:
    """Take all objects of the mapping out of the org."""
    gone = [Member("CustomObject", entity.sobject) for entity in world.mapping.entities]
    by_hand(world, Package({}, (), gone))


def with_field(world: World, full_name: str, *nodes: Node) -> None:
    """Put a field into the org, or change one."""
    owner, _, name = full_name.partition(".")
    field: list[Node] = [("fullName", name), ("label", "Changed"), *nodes]
    body = document("CustomObject", [("fields", field)])
    members = [Member("CustomField", full_name)]
    by_hand(world, Package({f"objects/{owner}.object": body}, members))


def without_field(world: World, full_name: str) -> None:
    by_hand(world, Package({}, (), [Member("CustomField", full_name)]))


def inserted(world: World) -> None:
    """Insert one plan, as a commit does."""
    plan = make_operation("plan", "pro", Verb.INSERT, name="Pro", family="A")
    (outcome,) = world.write("salesforce", "plan", plan)
    assert outcome.state is OutcomeState.WRITTEN, outcome.message


def part(survey: Survey, name: str) -> Part:
    return next(part for part in survey.parts if part.key.name == name)


def test_an_org_with_the_objects_lacks_what_concord_adds(world: World) -> None:
    survey = looked(world)
    kinds = {part.key.kind for part in needed(survey)}
    pages = {"layout", "tab", "report type", "report", "dashboard"}
    assert kinds == pages | {"permission set", "assignment"}
    assert survey.instance.startswith("00D")
    assert survey.fitting > 70


def test_looking_changes_nothing_and_takes_few_calls(world: World) -> None:
    looked(world)
    calls = world.calls("salesforce")
    assert "metadata/deployRequest" not in calls
    assert sum(calls.values()) <= len(world.mapping.entities) + 12


def test_a_prepared_org_lacks_nothing(world: World) -> None:
    lacking = needed(looked(world))
    done = made(world, lacking)
    assert done.failures == ()
    assert len(done.done) == len(lacking)
    assert needed(looked(world)) == []


def test_an_empty_org_gets_everything(world: World, token: CancelToken) -> None:
    emptied(world)
    survey = looked(world)
    assert {p.state for p in survey.parts} == {PartState.MISSING}
    assert len(survey.parts) == 154
    done = made(world)
    assert done.failures == ()
    assert looked(world).parts == ()
    assert world.connectors["salesforce"].check(world.mapping.entities, token).missing == ()


def test_what_was_made_can_be_written_and_read(world: World) -> None:
    emptied(world)
    made(world)
    inserted(world)
    record = world.record("salesforce", "plan", "pro")
    values = dict(zip(world.mapping.entity("plan").index, record.values, strict=True))
    assert (values["name"], values["family"], values["billable"]) == ("Pro", "A", False)


def test_a_field_that_was_deleted_is_made_again(world: World, token: CancelToken) -> None:
    without_field(world, "Client_Plan__c.Billable__c")
    found = part(looked(world), "Client_Plan__c.Billable__c")
    assert (found.state, found.detail) == (PartState.MISSING, "Checkbox")
    told = world.connectors["salesforce"].check(world.mapping.entities, token).missing
    assert told == ("field Billable__c of Client_Plan__c is missing or hidden from this user",)
    assert made(world).failures == ()
    assert needed(looked(world)) == []


def test_a_field_of_another_type_is_for_people(world: World, token: CancelToken) -> None:
    without_field(world, "Client_Plan__c.Billable__c")
    with_field(world, "Client_Plan__c.Billable__c", ("type", "Date"))
    made(
        world, [p for p in needed(looked(world)) if p.key.kind in {"permission set", "assignment"}]
    )
    found = part(looked(world), "Client_Plan__c.Billable__c")
    words = "is Date, the mapping needs Checkbox"
    assert (found.state, found.detail, found.ticked) == (PartState.BLOCKED, words, False)
    told = world.connectors["salesforce"].check(world.mapping.entities, token).missing
    assert told == (f"field Billable__c of Client_Plan__c {words}",)


def test_a_read_warns_of_a_field_of_another_type(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    without_field(world, "Client_Plan__c.Billable__c")
    with_field(world, "Client_Plan__c.Billable__c", ("type", "Date"))
    made(
        world, [p for p in needed(looked(world)) if p.key.kind in {"permission set", "assignment"}]
    )
    world.read("salesforce", "plan")
    world.read("salesforce", "plan")
    (told,) = [r.getMessage() for r in caplog.records if r.name.endswith("schema")]
    assert told.endswith("field Billable__c of Client_Plan__c is Date, the mapping needs Checkbox")


def test_a_text_that_is_too_short_grows_and_keeps_its_label(world: World) -> None:
    with_field(world, FAMILY, ("type", "Text"), ("length", 40))
    found = part(looked(world), FAMILY)
    assert found.detail == "holds 40 characters, the mapping needs 80"
    assert made(world, [found]).failures == ()
    connector: Any = world.connectors["salesforce"]
    described = connector._session.get("sobjects/Client_Plan__c/describe", CancelToken())
    field = next(each for each in described["fields"] if each["name"] == "Family__c")
    assert (field["length"], field["label"]) == (80, "Changed")


def test_lacking_values_are_added(world: World) -> None:
    values: list[Node] = [("value", [("fullName", "CHF"), ("label", "CHF"), ("default", False)])]
    nodes: list[Node] = [("restricted", True), ("valueSetDefinition", [("sorted", False), *values])]
    with_field(world, "Client_Plan__c.Currency__c", ("type", "Picklist"), ("valueSet", nodes))
    found = part(looked(world), "Client_Plan__c.Currency__c")
    assert found.detail == "does not offer USD, EUR, GBP"
    assert made(world, [found]).failures == ()
    assert "Client_Plan__c.Currency__c" not in {p.key.name for p in looked(world).parts}


def test_without_the_permission_set_what_was_made_is_hidden_and_not_missing(world: World) -> None:
    emptied(world)
    made(world)
    connector: Any = world.connectors["salesforce"]
    soql = (
        "SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Concord_Aria_Catalog'"
    )
    (row,) = query(connector._session, soql, CancelToken())
    path = f"sobjects/PermissionSetAssignment/{row['Id']}"
    connector._session.call(CancelToken(), lambda api: api.restful(path, method="DELETE"))
    survey = looked(world)
    fields = [p for p in survey.parts if p.key.kind == "field"]
    assert {p.state for p in fields} == {PartState.HIDDEN}
    assert {key.kind for p in fields for key in p.needs} == {"assignment"}
    assert made(world).failures == ()
    assert looked(world).parts == ()


def test_what_stays_hidden_is_for_people(world: World) -> None:
    world.edit("salesforce", "FieldPermissions", FAMILY, PermissionsRead=False)
    found = part(looked(world), FAMILY)
    assert found.state is PartState.HIDDEN
    assert {key.kind for key in found.needs} == {"permission set", "assignment"}
    made(world)
    found = part(looked(world), FAMILY)  # the sandbox hides it whatever a permission set says
    assert (found.state, found.ticked) == (PartState.BLOCKED, False)
    assert "although Concord's permission set grants it" in found.detail


def test_a_key_that_is_not_unique_is_advice_that_can_be_taken(world: World) -> None:
    found = part(looked(world), KEY)
    assert (found.state, found.ticked) == (PartState.DIFFERS, False)
    assert made(world, [found]).failures == ()
    assert KEY not in {p.key.name for p in looked(world).parts}


def test_what_salesforce_refuses_is_named_and_nothing_is_made(world: World) -> None:
    reports = [p for p in looked(world).parts if p.key.kind == "report"][:1]
    done = made(world, reports)
    assert done.done == ()
    assert [failure.key for failure in done.failures] == [reports[0].key]
    assert "report type" not in {p.key.kind for p in reports}


def test_a_cancel_makes_nothing(world: World) -> None:
    lacking = needed(looked(world))
    cancel = CancelToken()

    def report(progress: Progress) -> None:
        if progress.what == "Trying":
            cancel.cancel()

    with pytest.raises(Cancelled):
        preparer(world).deploy(lacking, cancel, report)
    assert [p.key for p in needed(looked(world))] == [p.key for p in lacking]


def test_a_cancel_of_the_real_deployment_does_not_wait_for_its_end(world: World) -> None:
    lacking = needed(looked(world))
    cancel = CancelToken()
    asked_at: list[float] = []

    def report(progress: Progress) -> None:
        if progress.what == "Trying":  # what comes after it waits in the org's queue
            world.edit("salesforce", "Deploys", "", pending_seconds=60)
        elif progress.what == "Deploying" and not asked_at:
            asked_at.append(perf_counter())
            cancel.cancel()

    with pytest.raises(Cancelled):
        preparer(world).deploy(lacking, cancel, report)
    assert perf_counter() - asked_at[0] < 30
    world.edit("salesforce", "Deploys", "", pending_seconds=0)
    assert [p.key for p in needed(looked(world))] == [p.key for p in lacking]


def test_what_was_made_can_be_taken_back(world: World) -> None:
    emptied(world)
    before = looked(world)
    keys = [p.key for p in before.parts]
    made(world)
    inserted(world)
    removals = {r.key: r.records for r in preparer(world).removals(keys, CancelToken())}
    assert removals[PartKey("object", "Client_Plan__c")] == 1
    assert removals[PartKey("field", "Client_Plan__c.Family__c")] == 1
    assert removals[PartKey("field", "Client_Plan__c.Plan_Sets__c")] == 0
    assert removals[PartKey("field", "Client_Plan__c.Description__c")] is None
    done = preparer(world).remove(keys, CancelToken(), no_report)
    assert done.failures == ()
    assert [p.key for p in looked(world).parts] == keys


def test_a_permission_set_is_taken_from_all_before_it_is_deleted(world: World) -> None:
    made(world)
    name = preparer(world)._wanted.brand.name
    done = preparer(world).remove([PartKey("permission set", name)], CancelToken(), no_report)
    assert done.failures == ()
    assert {p.key.kind for p in needed(looked(world))} == {"permission set", "assignment"}


def test_a_removal_that_is_refused_gives_the_rights_back(world: World) -> None:
    made(world)
    keys = [p.key for p in looked(world).parts]
    assignment = PartKey("assignment", "any")
    kept = PartKey("report type", "Concord_Client_Plan")  # its reports are there
    done = preparer(world).remove([kept, assignment, *keys], CancelToken(), no_report)
    assert done.done == ()
    assert done.failures[0].key == kept
    assert needed(looked(world)) == []
