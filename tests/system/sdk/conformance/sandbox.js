// sandbox/{create,connect,kill,timeout,metrics,secure,snapshot,lifecyclePayload}.
const { assert, sdk, Sandbox, test, create, until, pause, listed, request, kind } = require("./common.js");

const missing = () => kind("SandboxNotFoundError", "NotFoundError");

test("sandbox/create: one that runs, with an id of letters and digits", async () => {
  const sandbox = await create();
  assert.match(sandbox.sandboxId, /^[a-z0-9]+$/);
  assert.equal(await sandbox.isRunning(), true);
});

test("sandbox/create: metadata comes back", async () => {
  const metadata = { "test-key": "test-value", empty: "", "ü": "日本" };
  const sandbox = await create({ metadata });
  assert.deepEqual((await sandbox.getInfo()).metadata, metadata);
});

test("sandbox/create: an unknown template is told apart", async () => {
  await assert.rejects(Sandbox.create("no-such-template"), /404.*no-such-template/s);
});

test("sandbox/create: mcp that cannot start is an error and leaves no sandbox", async () => {
  const metadata = { run: "mcp" };
  await assert.rejects(Sandbox.create({ metadata, mcp: { time: {} } }));
  await assert.rejects(Sandbox.create("base", { metadata, mcp: { time: {} } }));
  assert.deepEqual(await listed({ metadata }), []);
});

test("sandbox/connect: to a running one", async () => {
  const sandbox = await create();
  const other = await Sandbox.connect(sandbox.sandboxId);
  assert.equal((await other.commands.run("echo hello")).stdout, "hello\n");
});

test("sandbox/connect: to a paused one resumes it", async () => {
  const sandbox = await create();
  await pause(sandbox);
  assert.equal(await sandbox.isRunning(), false);
  const again = await Sandbox.connect(sandbox.sandboxId);
  assert.equal(await sandbox.isRunning(), true);
  assert.equal(again.sandboxId, sandbox.sandboxId);
});

test("sandbox/connect: to a killed one is not found", async () => {
  const sandbox = await create();
  await sandbox.kill();
  await assert.rejects(sandbox.connect(), missing());
  await assert.rejects(Sandbox.connect(sandbox.sandboxId), missing());
});

test("sandbox/connect: a shorter timeout does not shorten", async () => {
  const sandbox = await create({ timeoutMs: 300_000 });
  const before = await sandbox.getInfo();
  await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 10_000 });
  assert.deepEqual((await sandbox.getInfo()).endAt, before.endAt);
});

test("sandbox/connect: a longer timeout extends", async () => {
  const sandbox = await create({ timeoutMs: 100_000 });
  const before = await sandbox.getInfo();
  await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 600_000 });
  assert.ok((await sandbox.getInfo()).endAt > before.endAt);
});

test("sandbox/kill: it is no longer running", async () => {
  const sandbox = await create();
  assert.equal(await sandbox.kill(), true);
  assert.equal(await sandbox.isRunning(), false);
  await assert.rejects(sandbox.getInfo(), missing());
});

test("sandbox/timeout: shortened, it ends", async () => {
  const sandbox = await create();
  await sandbox.setTimeout(1000);
  await until(async () => !(await sandbox.isRunning()), "its end");
});

test("sandbox/timeout: shortened, then lengthened, it goes on", async () => {
  const sandbox = await create();
  await sandbox.setTimeout(1000);
  await sandbox.setTimeout(60_000);
  const left = (await sandbox.getInfo()).endAt - Date.now();
  assert.ok(left > 50_000, `${left} ms`);
  assert.equal(await sandbox.isRunning(), true);
});

test("sandbox/timeout: endAt is a Date at start and timeout", async () => {
  const sandbox = await create({ timeoutMs: 77_000 });
  const info = await sandbox.getInfo();
  assert.ok(info.endAt instanceof Date && info.startedAt instanceof Date);
  assert.ok(Math.abs(info.endAt - info.startedAt - 77_000) < 1500);
});

test("sandbox/timeout: of an unknown sandbox is not found", async () => {
  await assert.rejects(Sandbox.setTimeout("sunknown", 5000), missing());
});

test("sandbox/metrics: a sample with sane figures", async () => {
  const sandbox = await create();
  const [sample] = await until(async () => {
    const found = await sandbox.getMetrics();
    return found.length > 0 && found;
  });
  assert.ok(sample.timestamp instanceof Date);
  assert.ok(sample.cpuCount >= 1 && sample.cpuUsedPct >= 0);
  assert.ok(sample.memTotal > 0 && sample.memUsed >= 0 && sample.memUsed <= sample.memTotal);
  assert.ok(sample.diskTotal > 0 && sample.diskUsed <= sample.diskTotal);
});

test("sandbox/metrics: only those of the time that is asked for", async () => {
  const sandbox = await create();
  await until(async () => (await sandbox.getMetrics()).length > 0);
  const [past, later] = [new Date(Date.now() - 60_000), new Date(Date.now() + 60_000)];
  assert.ok((await sandbox.getMetrics({ start: past, end: later })).length > 0);
  assert.deepEqual(await sandbox.getMetrics({ start: later }), []);
  assert.deepEqual(await sandbox.getMetrics({ end: past }), []);
});

test("sandbox/secure: with a token, files and commands work", async () => {
  const sandbox = await create({ secure: true });
  await sandbox.files.write("a.txt", "text");
  assert.equal((await sandbox.commands.run("cat a.txt")).stdout, "text");
});

test("sandbox/secure: without the token, commands are refused", async () => {
  const sandbox = await create({ secure: true });
  const { hostname } = new URL(process.env.E2B_API_URL);
  const ask = (headers) => request(hostname, "/process.Process/List", {
    method: "POST", body: "{}",
    headers: { "content-type": "application/json", "content-length": 2,
               "e2b-sandbox-id": sandbox.sandboxId, "e2b-sandbox-port": "49983", ...headers },
  });
  assert.equal((await ask({})).status, 401);
  assert.equal((await ask({ "x-access-token": "wrong" })).status, 401);
});

test("sandbox/secure: one who connects has the token", async () => {
  const sandbox = await create({ secure: true });
  const other = await Sandbox.connect(sandbox.sandboxId);
  assert.equal((await other.commands.run("echo in")).stdout, "in\n");
});

// What of sandbox/snapshot a machine that freezes processes keeps: all that is in memory and on disk.
test("sandbox/snapshot: files, environment and a running process survive a pause", async () => {
  const sandbox = await create({ envs: { KEPT: "too" } });
  await sandbox.files.write("file", "content");
  const counter = await sandbox.commands.run(
      "n=0; while true; do n=$((n+1)); echo $n > new; mv new count; sleep 0.02; done",
      { background: true, timeoutMs: 0 });
  const count = async () => Number(await sandbox.files.read("count"));
  await until(async () => (await sandbox.files.exists("count")) && (await count()) > 2);
  await pause(sandbox);
  await sandbox.connect();
  assert.equal(await sandbox.files.read("file"), "content");
  assert.equal((await sandbox.commands.run("echo $KEPT")).stdout, "too\n");
  assert.ok((await sandbox.commands.list()).some((one) => one.pid === counter.pid));
  const resumed = await until(count);
  await until(async () => (await count()) > resumed, "the process to go on");
});

test("sandbox/snapshot: twice in a row", async () => {
  const sandbox = await create();
  for (const turn of ["1", "2"]) {
    await sandbox.files.write(`turn${turn}`, turn);
    await pause(sandbox);
    await sandbox.connect();
  }
  assert.equal(await sandbox.files.read("turn1"), "1");
  assert.equal(await sandbox.files.read("turn2"), "2");
});

const paused = (sandbox) => until(
    async () => (await sandbox.getInfo()).state === "paused", "its pause");

test("sandbox/lifecyclePayload: onTimeout pause keeps it, connect wakes it", async () => {
  await pause(await create()); // Where that is refused, so is this.
  const sandbox = await create({ timeoutMs: 1000, lifecycle: { onTimeout: "pause" } });
  await sandbox.files.write("kept", "yes");
  await paused(sandbox);
  assert.equal(await sandbox.isRunning(), false);
  await sandbox.connect();
  assert.equal(await sandbox.files.read("kept"), "yes");
});

test("sandbox/lifecyclePayload: autoResume wakes it by a request", async () => {
  await pause(await create());
  const lifecycle = { onTimeout: "pause", autoResume: true };
  const sandbox = await create({ timeoutMs: 1000, lifecycle });
  await sandbox.files.write("kept", "yes");
  const info = await sandbox.getInfo();
  if (info.lifecycle) assert.deepEqual(info.lifecycle, { onTimeout: "pause", autoResume: true });
  await paused(sandbox);
  assert.equal(await sandbox.files.read("kept"), "yes");
  assert.equal((await sandbox.getInfo()).state, "running");
});

test("sandbox/snapshot-api: an empty list, and making one is refused", async () => {
  const sandbox = await create();
  assert.deepEqual(await sandbox.listSnapshots().nextItems(), []);
  await assert.rejects(sandbox.createSnapshot(), /501.*not part of this version/s);
  assert.equal(await Sandbox.deleteSnapshot("team/unknown:default"), false);
});

test("sandbox/fork: refused, and a killed one is not found", async () => {
  if (!Sandbox.fork) return; // Not of this version.
  const sandbox = await create();
  await assert.rejects(sandbox.fork(), /501.*not part of this version/s);
  await sandbox.kill();
  await assert.rejects(sandbox.fork(), missing());
});

test("sandbox/network: what cannot be enforced is refused", async () => {
  await assert.rejects(create({ allowInternetAccess: false }), /400/);
  await assert.rejects(create({ network: { denyOut: ["0.0.0.0/0"] } }), /400/);
});

test("template/exists: those of the server and no others", async () => {
  const { Template } = sdk;
  assert.equal(await Template.exists("base"), true);
  assert.equal(await Template.exists("code-interpreter-v1"), true);
  assert.equal(await Template.exists("no-such-template"), false);
});

test("template/tags: of a known template, and of none", async () => {
  const { Template } = sdk;
  assert.deepEqual((await Template.getTags("base")).map((one) => one.tag), ["default"]);
  await assert.rejects(Template.getTags("no-such-template"), /404|not found/);
  await assert.rejects(Template.assignTags("base:default", "stable"), /501/);
  await assert.rejects(Template.removeTags("base", "stable"), /501/);
});

test("template/build: refused with the reason, before anything is uploaded", async () => {
  const { Template } = sdk;
  await assert.rejects(Template.build(Template().fromBaseImage().runCmd("true"), "mine"),
                       /501.*template builds are not part/s);
  await assert.rejects(Template.getBuildStatus({ templateId: "base", buildId: "none" }), /501|404/);
});
