"""Aria's side of the data set: plans, how they belong together, and the sets that offer them."""

import re
from collections import Counter
from random import Random

from app.sandbox.dataset.counts import Counts
from app.sandbox.dataset.draw import chance, one_in
from app.sandbox.dataset.money import CURRENCIES
from app.sandbox.dataset.values import Row
from app.sandbox.dataset.wording import ADDON_EDITIONS, FAMILIES, MASTER_EDITIONS, Family

FIRST_PLAN_NO = 10100
FIRST_SET_NO = 401
SALESFORCE_SET = "SALESFORCE"
SALESFORCE_PROMOTION = "SFDC"

_DESCRIPTIONS = (
    "{name} for one site, billed monthly in advance.",
    "{name} — for teams that grow.",
    "",
    "{name}: voice &amp; data in one contract<br/>Minimum term 24 months",
    "Für Büros mit bis zu 50 Arbeitsplätzen.\nDie Einrichtung übernimmt Northwind Telecom.",
    "{name} with service level &quot;gold&quot; (&lt; 4 h repair time).",
    None,
    "{name}, usage billed by the unit.",
    "Includes installation.\nCancellation three months before the end of the term.",
    "Forfait {name} — sans engagement, prix garanti dès la première année.",
    "{name} without minimum term.",
)


def plan_set_rows(counts: Counts) -> list[Row]:
    """Return the plan sets by rising number; the last, for Salesforce, will hold every plan."""
    rows: list[Row] = []
    for index in range(counts.plan_sets - 1):
        family, generation = family_of_set(index), index // len(FAMILIES) + 1
        suffix = f"-{generation}" if generation > 1 else ""
        rows.append(
            {
                "promo_plan_set_no": FIRST_SET_NO + index,
                "promo_plan_set_name": f"{family.label}{suffix.replace('-', ' ')}",
                "promo_plan_set_desc": f"{family.label}: plans and their add-ons",
                "client_plan_type_id": f"PS-{family.code}{suffix}",
                "plan_nos": [],
            }
        )
    rows.append(
        {
            "promo_plan_set_no": FIRST_SET_NO + counts.plan_sets - 1,
            "promo_plan_set_name": "Salesforce",
            "promo_plan_set_desc": "Plans that are sold through Salesforce",
            "client_plan_type_id": SALESFORCE_SET,
            "plan_nos": [],
        }
    )
    return rows


def family_of_set(index: int) -> Family:
    """Return the product family of the plan set at `index`."""
    return FAMILIES[index % len(FAMILIES)]


def plan_rows(counts: Counts, sets: list[Row], random: Random) -> list[Row]:
    """Return all plans, masters first, and enter each in its sets."""
    family_sets, for_all = sets[:-1], sets[-1]
    seen: Counter[tuple[str, int]] = Counter()
    rows: list[Row] = []
    for index in range(counts.masters + counts.supplementals):
        supplemental = int(index >= counts.masters)
        ordinal = index - counts.masters * supplemental
        set_index = ordinal % len(family_sets)
        family = family_of_set(set_index)
        variant = seen[family.code, supplemental]
        seen[family.code, supplemental] += 1
        plan = _plan(index, family, _title(family, supplemental, variant), random)
        plan["supp_plan_ind"] = supplemental
        plan["prepaid_ind"] &= 1 - supplemental  # there is no supplemental pre-paid plan
        plan["billing_ind"] |= plan["prepaid_ind"]
        family_sets[set_index]["plan_nos"].append(plan["plan_no"])
        if one_in(5, index, 1) and len(family_sets) > 1:
            family_sets[(set_index + 1) % len(family_sets)]["plan_nos"].append(plan["plan_no"])
        for_all["plan_nos"].append(plan["plan_no"])
        rows.append(plan)
    return rows


def relationship_rows(plans: list[Row], sets: list[Row], random: Random) -> list[Row]:
    """Return which supplemental plan is offered under which master plans, one to three each."""
    masters = [plan["plan_no"] for plan in plans if not plan["supp_plan_ind"]]
    known = set(masters)
    near: dict[int, list[int]] = {}
    for row in sets[:-1]:
        own = [no for no in row["plan_nos"] if no in known]
        near |= dict.fromkeys(row["plan_nos"], own)
    rows: list[Row] = []
    for plan in plans:
        if not plan["supp_plan_ind"]:
            continue
        own = near[plan["plan_no"]]
        parents = set(random.sample(own, min(2, len(own))))
        if one_in(4, len(rows)) or not parents:
            parents.add(random.choice(masters))
        rows.extend(_relationship(parent, plan["plan_no"], random) for parent in sorted(parents))
    return rows


def slug(text: str) -> str:
    """Return `text` as part of a client-defined id: capitals, digits and hyphens."""
    return re.sub(r"[^A-Z0-9]+", "-", text.upper()).strip("-")


def _title(family: Family, supplemental: int, variant: int) -> str:
    products = family.addons if supplemental else family.masters
    editions = ADDON_EDITIONS if supplemental else MASTER_EDITIONS
    product = products[variant % len(products)]
    edition = editions[variant // len(products) % len(editions)]
    generation = variant // (len(products) * len(editions)) + 1
    parts = (product, edition, f"G{generation}" if generation > 1 else "")
    return " ".join(part for part in parts if part)


def _plan(index: int, family: Family, name: str, random: Random) -> Row:
    description = _DESCRIPTIONS[index % len(_DESCRIPTIONS)]
    return {
        "plan_no": FIRST_PLAN_NO + index,
        "client_plan_id": f"{family.code}-{slug(name)}",
        "plan_name": name,
        "plan_desc": description.format(name=name) if description else description,
        "billing_ind": int(not one_in(23, index, 7)),
        "display_ind": int(not one_in(6, index, 5)),
        "prepaid_ind": int(one_in(19, index, 4)),
        "currency_cd": CURRENCIES[0 if index % 4 else index // 4 % 3],
        "proration_invoice_timing_cd": "A" if one_in(3, index) else "I",
        "active_ind": 1,
        "has_accounts": chance(random, 0.7),
        "sf_family": None if one_in(29, index, 11) else family.label,
        "markets": random.sample(["DE", "AT", "CH", "UK", "US"], random.randint(1, 3)),
    }


def _relationship(parent_no: int, plan_no: int, random: Random) -> Row:
    mandatory = int(chance(random, 0.15))
    return {
        "parent_plan_no": parent_no,
        "plan_no": plan_no,
        "is_mandatory": mandatory,
        "is_default": int(mandatory or chance(random, 0.2)),
        "min_units": mandatory or random.choice([0, 1, None]),
        "max_units": random.choice([None, 1, 10, 50, 250]),
    }
