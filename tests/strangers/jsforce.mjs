// jsforce, unmodified, against the sandbox: prints what each step brought as one JSON object.
// Started by test_jsforce.py; argv: the package (jsforce or @jsforce/jsforce-node).
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.CONCORD_STRANGERS, "package.json"));
const jsforce = require(process.argv[2]);
const ready = JSON.parse(process.env.SANDBOX_READY);
const url = ready.https_url;
const version = "66.0";

const oauth2 = {
  loginUrl: url,
  clientId: ready.client_id,
  clientSecret: ready.client_secret,
  redirectUri: ready.redirect_uris[0],
};
const connect = (more = {}) =>
  new jsforce.Connection({ instanceUrl: url, accessToken: ready.access_token, version, ...more });
const conn = connect();
const plans = (from, count, name) =>
  Array.from({ length: count }, (_, n) => ({ Aria_Key__c: `${from}${n}`, Name: `${name} ${n}` }));

const steps = {
  async identity() {
    const me = await conn.identity();
    return { username: me.username, organization: me.organization_id };
  },
  async refreshesADeadToken() {
    const other = connect({ oauth2, accessToken: "00D!dead", refreshToken: ready.refresh_token });
    let fresh = "";
    other.on("refresh", (token) => (fresh = token));
    const found = await other.query("SELECT Id FROM Organization");
    return { rows: found.totalSize, fresh: fresh.length > 20 };
  },
  async clientCredentials() {
    const other = new jsforce.Connection({ version, loginUrl: url, oauth2 });
    const user = await other.authorize({ grant_type: "client_credentials" });
    return { user: user.id, instance: other.instanceUrl };
  },
  async describes() {
    const all = await conn.describeGlobal();
    const one = await conn.sobject("Client_Plan__c").describe();
    return { some: all.sobjects.map((s) => s.name).includes("Rate_Tier__c"), keyed: one.fields.find((f) => f.externalId).name };
  },
  async queriesAllPages() {
    const ids = new Set();
    await new Promise((resolve, reject) => {
      conn
        .query("SELECT Id, Service__r.Plan__r.Name FROM Rate_Tier__c")
        .on("record", (record) => ids.add(record.Id))
        .on("end", resolve)
        .on("error", reject)
        .run({ autoFetch: true, maxFetch: 10000 });
    });
    const first = await conn.query("SELECT Id FROM Rate_Tier__c");
    const second = await conn.queryMore(first.nextRecordsUrl);
    return { ids: ids.size, first: first.records.length, second: second.records.length };
  },
  async findsByConditions() {
    return conn.sobject("Client_Plan__c").find({ Name: { $like: "Fibre%" } }, "Id, Name").limit(5).execute();
  },
  async savesRows() {
    const plan = conn.sobject("Client_Plan__c");
    const made = await plan.create({ Name: "By jsforce" });
    const changed = await plan.update({ Id: made.id, Name: "Changed" });
    const read = await plan.retrieve(made.id);
    const gone = await plan.destroy(made.id);
    return { made: made.success, changed: changed.success, name: read.Name, gone: gone.success };
  },
  async savesManyRows() {
    const plan = conn.sobject("Client_Plan__c");
    const made = await plan.upsert(plans("many", 450, "many"), "Aria_Key__c", { allowRecursive: true });
    const again = await plan.upsert(plans("many", 3, "again"), "Aria_Key__c");
    return { made: made.filter((r) => r.success && r.created).length, again: again.filter((r) => r.success && !r.created).length };
  },
  async saysWhatIsRefused() {
    try {
      await conn.sobject("Client_Plan__c").create({ Nope__c: 1 });
    } catch (error) {
      return { code: error.errorCode, message: error.message };
    }
    return {};
  },
  async composite() {
    const root = `/services/data/v${version}`;
    const found = await conn.requestPost(`${root}/composite`, {
      allOrNone: true,
      compositeRequest: [
        { method: "POST", url: `${root}/sobjects/Account`, referenceId: "a", body: { Name: "Composite" } },
        { method: "POST", url: `${root}/sobjects/Contact`, referenceId: "c", body: { LastName: "C", AccountId: "@{a.id}" } },
      ],
    });
    return found.compositeResponse.map((each) => each.httpStatusCode);
  },
  async bulk1Upsert() {
    const results = await conn.bulk.load("Client_Plan__c", "upsert", { extIdField: "Aria_Key__c" }, plans("one", 300, "bulk 1"));
    return { done: results.filter((r) => r.success).length, ids: new Set(results.map((r) => r.id)).size };
  },
  async bulk1Query() {
    const stream = await conn.bulk.query("SELECT Id, Name FROM Client_Plan__c WHERE Aria_Key__c LIKE 'one%'");
    const rows = await stream.toArray();
    return { rows: rows.length, name: rows[0].Name.slice(0, 6) };
  },
  async bulk2Upsert() {
    conn.bulk2.pollInterval = 50;
    const found = await conn.bulk2.loadAndWaitForResults({
      object: "Client_Plan__c", operation: "upsert", externalIdFieldName: "Aria_Key__c",
      input: [...plans("two", 299, "bulk 2"), { Aria_Key__c: "bad", Name: "x".repeat(90) }],
    });
    return { done: found.successfulResults.length, failed: found.failedResults.map((r) => r.sf__Error), left: found.unprocessedRecords.length };
  },
  async bulk2Query() {
    conn.bulk2.pollInterval = 50;
    const stream = await conn.bulk2.query("SELECT Id, Name FROM Client_Plan__c WHERE Aria_Key__c LIKE 'two%'");
    return { rows: (await stream.toArray()).length };
  },
  async changes() {
    const now = Date.parse(ready.now ?? new Date().toISOString());
    const found = await conn.sobject("Client_Plan__c").updated(new Date(now - 7200e3), new Date(now + 120e3));
    return { some: found.ids.length > 0, until: found.latestDateCovered.endsWith("+0000") };
  },
  async limits() {
    const found = await conn.limits();
    return { most: found.DailyApiRequests.Max, usage: conn.limitInfo.apiUsage.limit };
  },
  async recent() {
    return Array.isArray(await conn.recent());
  },
  async versions() {
    const found = await conn.request("/services/data");
    return found.at(-1).version;
  },
};

const results = {};
for (const [name, step] of Object.entries(steps)) {
  try {
    results[name] = await step();
  } catch (error) {
    results[name] = { error: `${error.name}: ${error.message}` };
  }
}
console.log(JSON.stringify(results));
