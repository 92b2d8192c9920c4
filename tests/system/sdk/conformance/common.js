// What the cases have in common: the SDK that is tried, the list of cases, a sandbox that many share.
const assert = require("assert");
const http = require("http");
const { createRequire } = require("module");

const sdk = createRequire(process.argv[2] + "/")(process.env.E2B_PACKAGE ?? "e2b");
const { Sandbox } = sdk;
const server = new URL(process.env.E2B_API_URL);

/** What the machine cannot do, and says so: neither passed nor failed. */
class Refused extends Error {}

const cases = [];
const mine = [];

/** `name` is that of the behaviour: folder/file of the protocol's list, then what it asserts. */
function test(name, body) {
  assert.ok(!cases.some((one) => one.name === name), `'${name}' is there twice`);
  cases.push({ name, body });
}

async function create(options = {}) {
  const sandbox = await Sandbox.create({ timeoutMs: 120_000, ...options });
  mine.push(sandbox);
  return sandbox;
}

let common;
/** One for all cases that only work below a folder of their own. */
function shared() {
  common ??= create({ envs: { GLOBAL: "of the sandbox" } });
  return common;
}

let folders = 0;
/** A sandbox, and a folder in it that is this case's alone. */
async function place() {
  const sandbox = await shared();
  folders += 1;
  const folder = `/home/user/case${folders}`;
  await sandbox.files.makeDir(folder);
  return { sandbox, folder, files: sandbox.files, commands: sandbox.commands };
}

async function end() {
  await Promise.all(mine.map((sandbox) => sandbox.kill()));
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(reached, what = "it") {
  const last = Date.now() + 60_000;
  for (;;) {
    const value = await reached();
    if (value) return value;
    assert.ok(Date.now() < last, `waited in vain for ${what}`);
    await wait(20);
  }
}

/** Pauses one, or tells why the machine cannot. */
async function pause(sandbox) {
  try {
    return await (sandbox.pause ?? sandbox.betaPause).call(sandbox);
  } catch (error) {
    if (/cannot be paused on this machine/.test(String(error))) throw new Refused(error.message);
    throw error;
  }
}

async function listed(query, limit) {
  const pages = Sandbox.list({ query, limit });
  const found = [];
  while (pages.hasNext) found.push(...(await pages.nextItems()));
  return found;
}

/** A plain request as a browser makes it: the name of the host says which port of which sandbox. */
function request(host, path, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const asked = http.request({ host: server.hostname, port: server.port, method, path,
                                 headers: { host, ...headers }, agent: false }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers,
                                       text: Buffer.concat(pieces).toString() }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Of this kind where the version has it; of the older name where it has not. */
function kind(...names) {
  return sdk[names.find((name) => sdk[name])];
}

module.exports = { assert, sdk, Sandbox, Refused, cases, test, create, shared, place, end, wait,
                   until, pause, listed, request, kind };
