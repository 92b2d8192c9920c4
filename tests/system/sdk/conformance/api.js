// api/{info,kill,list,snapshot}.
const { assert, Sandbox, test, create, pause, listed, kind } = require("./common.js");

const ids = (found) => found.map((sandbox) => sandbox.sandboxId);

test("api/info: getInfo returns the created id", async () => {
  const sandbox = await create();
  const info = await Sandbox.getInfo(sandbox.sandboxId);
  assert.equal(info.sandboxId, sandbox.sandboxId);
  assert.equal(info.state, "running");
});

test("api/kill: kill is true and the list no longer shows it", async () => {
  const sandbox = await create();
  assert.equal(await Sandbox.kill(sandbox.sandboxId), true);
  assert.ok(!ids(await listed()).includes(sandbox.sandboxId));
});

test("api/kill: the second kill is false", async () => {
  const sandbox = await create();
  assert.equal(await sandbox.kill(), true);
  assert.equal(await sandbox.kill(), false);
});

test("api/kill: of two kills at once, one is true", async () => {
  const sandbox = await create();
  const both = await Promise.all([sandbox.kill(), Sandbox.kill(sandbox.sandboxId)]);
  assert.deepEqual(both.sort(), [false, true]);
});

test("api/kill: an unknown sandbox is false", async () => {
  assert.equal(await Sandbox.kill("sunknown"), false);
});

test("api/list: metadata filters, special characters too", async () => {
  const metadata = { "odd key": "a&b=c %2F ü", run: "metadata" };
  const sandbox = await create({ metadata });
  await create({ metadata: { run: "metadata" } });
  assert.deepEqual(ids(await listed({ metadata })), [sandbox.sandboxId]);
  assert.equal((await listed({ metadata: { run: "metadata" } })).length, 2);
  assert.deepEqual(await listed({ metadata: { run: "metadat" } }), []);
});

test("api/list: running ones by state", async () => {
  const sandbox = await create({ metadata: { run: "running" } });
  const found = await listed({ state: ["running"], metadata: { run: "running" } });
  assert.deepEqual(ids(found), [sandbox.sandboxId]);
  assert.equal(found[0].state, "running");
});

test("api/list: paused ones by state", async () => {
  const sandbox = await create({ metadata: { run: "paused" } });
  await pause(sandbox);
  const query = { metadata: { run: "paused" } };
  assert.deepEqual(ids(await listed({ ...query, state: ["paused"] })), [sandbox.sandboxId]);
  assert.deepEqual(await listed({ ...query, state: ["running"] }), []);
});

test("api/list: both running and paused ones", async () => {
  const metadata = { run: "both" };
  const [first, second] = [await create({ metadata }), await create({ metadata })];
  await pause(first);
  for (const state of [undefined, ["running", "paused"]]) {
    const found = await listed({ metadata, state });
    assert.deepEqual(ids(found).sort(), [first.sandboxId, second.sandboxId].sort());
  }
});

test("api/list: pages by token, newest first, each once", async () => {
  const metadata = { run: "pages" };
  const made = [];
  for (let n = 0; n < 3; ++n) made.push((await create({ metadata })).sandboxId);
  const pages = Sandbox.list({ query: { metadata }, limit: 2 });
  assert.equal(pages.hasNext, true);
  const first = await pages.nextItems();
  assert.deepEqual(ids(first), [made[2], made[1]]);
  assert.equal(pages.hasNext, true);
  assert.ok(pages.nextToken);
  const second = await pages.nextItems();
  assert.deepEqual(ids(second), [made[0]]);
  assert.equal(pages.hasNext, false);
  assert.ok(!pages.nextToken);
});

test("api/list: pages of running and of paused ones", async () => {
  const metadata = { run: "state pages" };
  for (let n = 0; n < 4; ++n) {
    const sandbox = await create({ metadata });
    if (n % 2) await pause(sandbox);
  }
  for (const state of ["running", "paused"]) {
    const pages = Sandbox.list({ query: { metadata, state: [state] }, limit: 1 });
    const found = [];
    while (pages.hasNext) {
      const page = await pages.nextItems();
      assert.ok(page.length <= 1);
      found.push(...page);
    }
    assert.deepEqual(found.map((sandbox) => sandbox.state), [state, state]);
  }
});

const raw = async (query) => {
  const answer = await fetch(`${process.env.E2B_API_URL}/v2/sandboxes?${query}`,
                             { headers: { "X-API-Key": process.env.E2B_API_KEY } });
  return { status: answer.status, token: answer.headers.get("x-next-token"),
           found: await answer.json() };
};
const raw_ids = (page) => page.found.map((sandbox) => sandbox.sandboxID);

// `order`, `startedAfter` and `template` are of the newest SDK; the route has them for all.
test("api/list: order", async () => {
  const metadata = { run: "order" };
  const made = [];
  for (let n = 0; n < 2; ++n) made.push((await create({ metadata })).sandboxId);
  assert.deepEqual(raw_ids(await raw("metadata=run%3Dorder&order=asc")), made);
  assert.deepEqual(raw_ids(await raw("metadata=run%3Dorder&order=desc")), [...made].reverse());
  assert.equal((await raw("order=sideways")).status, 400);
  const first = await raw("metadata=run%3Dorder&order=asc&limit=1");
  const other = await raw(`metadata=run%3Dorder&order=desc&limit=1&nextToken=${first.token}`);
  assert.equal(other.status, 400);
});

test("api/list: startedAfter", async () => {
  const metadata = { run: "after" };
  const early = await create({ metadata });
  const late = await create({ metadata });
  const when = (await late.getInfo()).startedAt;
  const at = encodeURIComponent(when.toISOString());
  assert.ok((await early.getInfo()).startedAt < when);
  assert.deepEqual(raw_ids(await raw(`metadata=run%3Dafter&startedAfter=${at}`)),
                   [late.sandboxId]);
  assert.equal((await raw("startedAfter=soon")).status, 400);
});

test("api/list: template", async () => {
  const metadata = { run: "template" };
  const other = await Sandbox.create("code-interpreter-v1", { metadata });
  const base = await Sandbox.create("base", { metadata });
  try {
    const query = "metadata=run%3Dtemplate&template=";
    assert.deepEqual(raw_ids(await raw(`${query}base`)), [base.sandboxId]);
    assert.deepEqual(raw_ids(await raw(`${query}code-interpreter-v1`)), [other.sandboxId]);
    assert.equal((await raw(`${query}base%3Av1`)).status, 400);
  } finally {
    await base.kill();
    await other.kill();
  }
});

test("api/snapshot: pause, then resume by connect", async () => {
  const sandbox = await create();
  await sandbox.files.write("kept", "yes");
  await pause(sandbox);
  assert.equal(await sandbox.isRunning(), false);
  const again = await sandbox.connect();
  assert.equal(await again.isRunning(), true);
  assert.equal(await again.files.read("kept"), "yes");
});

test("api/snapshot: the second pause is false, the first true", async () => {
  const sandbox = await create();
  assert.equal(await pause(sandbox), true);
  assert.equal(await pause(sandbox), false);
});

test("api/snapshot: an unknown sandbox cannot be paused or connected to", async () => {
  const missing = kind("SandboxNotFoundError", "NotFoundError");
  await assert.rejects((Sandbox.pause ?? Sandbox.betaPause).call(Sandbox, "sunknown"), missing);
  await assert.rejects(Sandbox.connect("sunknown"), missing);
});
