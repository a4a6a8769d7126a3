// nforce, unmodified, against the sandbox: prints what each step brought as JSON.
// Started by test_npm_clients.py; it signs in by user name and password, as most of its users do.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.CONCORD_STRANGERS, "package.json"));
const nforce = require(process.argv[2]);
const ready = JSON.parse(process.env.SANDBOX_READY);

const org = nforce.createConnection({
  clientId: ready.client_id,
  clientSecret: ready.client_secret,
  redirectUri: ready.redirect_uris[0],
  loginUri: `${ready.https_url}/services/oauth2/token`,
  apiVersion: "v60.0",
  mode: "single",
});
const { username, password, security_token: securityToken } = ready;
await org.authenticate({ username, password, securityToken });

const plan = nforce.createSObject("Client_Plan__c", { Name: "By nforce", Aria_Key__c: "nforce" });
await org.insert({ sobject: plan });
const same = nforce.createSObject("Client_Plan__c", { Name: "Changed nforce" });
same.setExternalId("Aria_Key__c", "nforce");
await org.upsert({ sobject: same });
const name = (await org.getRecord({ sobject: plan })).get("name");
const search = 'FIND {"changed nforce"} IN NAME FIELDS RETURNING Client_Plan__c(Id)';
const found = (await org.search({ search })).searchRecords.length;
await org.delete({ sobject: plan });

const { records } = await org.query({ query: "SELECT Id FROM Rate_Tier__c", fetchAll: true });
const { fields } = await org.getDescribe({ type: "Client_Plan__c" });
console.log(JSON.stringify({
  user: (await org.getIdentity()).username === username,
  rows: records.length,
  described: fields.some((field) => field.name === "Aria_Key__c"),
  name,
  found,
}));
