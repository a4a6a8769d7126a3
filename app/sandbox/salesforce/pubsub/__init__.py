"""Change events over the Pub/Sub API: what was committed, as Avro over gRPC (salesforce.md §16)."""
