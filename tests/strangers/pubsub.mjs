// salesforce-pubsub-api-client, unmodified: subscribes, sees a change, prints its event as JSON.
// Started by test_npm_clients.py. It trusts its own list of authorities alone, so checks are off.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.CONCORD_STRANGERS, "package.json"));
const { default: PubSubApiClient } = require(process.argv[2]);
const ready = JSON.parse(process.env.SANDBOX_READY);
const silent = { debug() {}, info() {}, warn() {}, error: console.error };

const client = new PubSubApiClient({
  authType: "oauth-client-credentials",
  loginUrl: ready.https_url,
  clientId: ready.client_id,
  clientSecret: ready.client_secret,
  pubSubEndpoint: ready.pubsub_tls.replace("127.0.0.1", "localhost"),
  rejectUnauthorizedSsl: false,
}, silent);
await client.connect();

const made = async () => {
  const answer = await fetch(`${ready.https_url}/services/data/v66.0/sobjects/Account`, {
    method: "POST",
    headers: { Authorization: `Bearer ${ready.access_token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ Name: "Seen by all" }),
  });
  return (await answer.json()).id;
};
const id = await made();
client.subscribeFromEarliestEvent("/data/AccountChangeEvent", (subscription, kind, data) => {
  if (kind === "error") throw data;
  if (kind !== "event" || !data.payload.ChangeEventHeader.recordIds.includes(id)) return;
  const { ChangeEventHeader: header, Name } = data.payload;
  console.log(JSON.stringify({ type: header.changeType, name: Name }));
  process.exit(0);
}, 100);
