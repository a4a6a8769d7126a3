// Orb's own SDK for TypeScript, unmodified, against the sandbox: prints what it brought as JSON.
// Started by test_npm_clients.py.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.CONCORD_STRANGERS, "package.json"));
const { default: Orb } = require(process.argv[2]);
const { orb: ready } = JSON.parse(process.env.SANDBOX_READY);
const client = new Orb({ apiKey: ready.api_key, baseURL: ready.base_url, maxRetries: 0 });
const count = async (pages) => {
  let rows = 0;
  for await (const _ of pages) rows += 1;
  return rows;
};

const customer = await client.customers.create({ name: "By node", email: "node@example.com" });
const [planId] = ready.plan_ids;
const subscription = await client.subscriptions.create({ customer_id: customer.id, plan_id: planId });
const entry = await client.customers.credits.ledger.createEntry(customer.id, {
  entry_type: "increment",
  amount: 10,
});
await client.events.ingest({
  events: [{
    event_name: "call",
    idempotency_key: "node-1",
    properties: { minutes: 3 },
    timestamp: new Date().toISOString(),
    customer_id: customer.id,
  }],
});
const upcoming = await client.invoices.fetchUpcoming({ subscription_id: subscription.id });
const ended = await client.subscriptions.cancel(subscription.id, { cancel_option: "immediate" });
let refused = 0;
try {
  await client.plans.fetch("nothing");
} catch (error) {
  refused = error.status;
}
console.log(JSON.stringify({
  ping: (await client.topLevel.ping()).response,
  paged: (await count(client.customers.list({ limit: 3 }))) === (await count(client.customers.list())),
  invoices: (await count(client.invoices.list({ limit: 100 }))) > 0,
  credits: entry.ending_balance,
  events: (await client.events.search({ event_ids: ["node-1"] })).data.length,
  upcoming: upcoming.customer.id === customer.id,
  ended: ended.status,
  refused,
}));
