// Change events over CometD, heard by clients of others: prints what each heard as one JSON object.
// Started by test_npm_clients.py; argv: the package (jsforce, @jsforce/jsforce-node or cometd).
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.CONCORD_STRANGERS, "package.json"));
const jsforce = require("jsforce");
const ready = JSON.parse(process.env.SANDBOX_READY);
const url = ready.https_url;
const version = "66.0";
const channel = "/data/Client_Plan__ChangeEvent";
const key = `heard by ${process.argv[2]}`;

const connect = (library, more = {}) =>
  new library.Connection({ instanceUrl: url, accessToken: ready.access_token, version, ...more });
const make = () => connect(jsforce).sobject("Client_Plan__c").create({ Name: "Heard", Aria_Key__c: key });

/** Resolves with the first event of ours. */
function waiter() {
  let hear;
  const heard = new Promise((resolve) => (hear = resolve));
  const take = (data) => data.payload.Aria_Key__c === key && hear(data);
  return { heard, take };
}

async function byJsforce(library) {
  const { heard, take } = waiter();
  const conn = connect(library);
  await new Promise((resolve) => conn.streaming.channel(channel).subscribe(take).then(resolve));
  await make();
  const live = await heard;
  const again = waiter();
  const replay = new library.StreamingExtension.Replay(channel, live.event.replayId - 1);
  const client = conn.streaming.createClient([replay]);
  client.subscribe(channel, again.take);
  return { live, replayed: await again.heard };
}

/** The extension by which Salesforce's own pages ask CometD for what they missed. */
const replayFrom = (number) => ({
  outgoing(message) {
    if (message.channel === "/meta/subscribe") message.ext = { replay: { [channel]: number } };
    return message;
  },
});

async function byCometd() {
  require("cometd-nodejs-client").adapt();
  const { CometD } = require("cometd");
  const listen = async (take, extension) => {
    const cometd = new CometD();
    cometd.unregisterTransport("websocket");
    if (extension) cometd.registerExtension("replay", extension);
    const requestHeaders = { Authorization: `Bearer ${ready.access_token}` };
    cometd.configure({ url: `${url}/cometd/${version}/`, requestHeaders, appendMessageTypeToURL: false });
    await new Promise((resolve) => cometd.handshake(resolve));
    await new Promise((resolve) => cometd.subscribe(channel, (told) => take(told.data), resolve));
    return cometd;
  };
  const first = waiter();
  await listen(first.take);
  await make();
  const live = await first.heard;
  const again = waiter();
  await listen(again.take, replayFrom(live.event.replayId - 1));
  return { live, replayed: await again.heard };
}

async function refused() {
  const { StreamingExtension } = require("jsforce/lib/api/streaming");
  return new Promise((resolve) => {
    const extension = new StreamingExtension.AuthFailure((told) => resolve(told.ext.sfdc.failureReason));
    const conn = connect(jsforce, { accessToken: "00D!dead" });
    conn.streaming.createClient([extension]).subscribe(channel, () => resolve("heard"));
  });
}

const name = process.argv[2];
const library = name === "cometd" ? null : require(name);
if (library) library.StreamingExtension = require(`${name}/lib/api/streaming`).StreamingExtension;
const { live, replayed } = library ? await byJsforce(library) : await byCometd();
const header = live.payload.ChangeEventHeader;
console.log(
  JSON.stringify({
    type: header.changeType,
    name: live.payload.Name,
    same: JSON.stringify(live) === JSON.stringify(replayed),
    refused: await refused(),
  }),
);
process.exit(0); // polls that wait would keep it alive
