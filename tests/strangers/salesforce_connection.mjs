// node-salesforce-connection, unmodified, against the sandbox: prints what each step brought as JSON.
// Started by test_jsforce.py. The package knows no ports, so node is told to use ours for https.
import { globalAgent } from "node:https";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.CONCORD_STRANGERS, "package.json"));
const SalesforceConnection = require(process.argv[2]);
const ready = JSON.parse(process.env.SANDBOX_READY);
const { hostname, port } = new URL(ready.https_url);
globalAgent.defaultPort = Number(port);

const conn = new SalesforceConnection();
conn.instanceHostname = hostname;
conn.sessionId = ready.access_token;
const data = "/services/data/v66.0";
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const steps = {
  async queriesAllPages() {
    const ids = new Set();
    let path = `${data}/query/?q=${encodeURIComponent("SELECT Id FROM Rate_Tier__c")}`;
    while (path) {
      const page = await conn.rest(path);
      page.records.forEach((record) => ids.add(record.Id));
      path = page.nextRecordsUrl;
    }
    return ids.size;
  },
  async saves() {
    const made = await conn.rest(`${data}/sobjects/Account/`, { method: "POST", body: { Name: "By node" } });
    await conn.rest(`${data}/sobjects/Account/${made.id}`, { method: "PATCH", body: { Name: "Changed" } });
    return (await conn.rest(`${data}/sobjects/Account/${made.id}`)).Name;
  },
  async loadsInBulk() {
    const root = "/services/async/66.0/job";
    const body = { operation: "insert", object: "Account", contentType: "JSON" };
    const job = await conn.rest(root, { api: "bulk", method: "POST", body });
    const rows = Array.from({ length: 20 }, (_, n) => ({ Name: `Bulk ${n}` }));
    const batch = await conn.rest(`${root}/${job.id}/batch`, { api: "bulk", method: "POST", body: rows });
    for (let n = 0; n < 100; n++) {
      const info = await conn.rest(`${root}/${job.id}/batch/${batch.id}`, { api: "bulk" });
      if (info.state === "Completed") break;
      await wait(20);
    }
    const results = await conn.rest(`${root}/${job.id}/batch/${batch.id}/result`, { api: "bulk" });
    return results.filter((result) => result.success).length;
  },
  async saysWhatIsRefused() {
    try {
      await conn.rest(`${data}/query/?q=SELECT+Nope+FROM+Account`);
    } catch (error) {
      return error.message.slice(0, 13);
    }
    return "";
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
