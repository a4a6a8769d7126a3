"""Where the documents of a link stand, and which of its columns has which side's hash."""

from app.domain.record import Side

# The id of a document is link * 4 + slot: one integer key instead of two columns and an index.
BASE, BILLING, SALESFORCE = 0, 1, 2
SLOT = {Side.BILLING: BILLING, Side.SALESFORCE: SALESFORCE}
HASH_COLUMN = {Side.BILLING: "billing_hash", Side.SALESFORCE: "salesforce_hash"}
