// What of sandbox/{host,network} and commands/sandboxKilledDuringRun the gateway answers, without DNS
// and TLS: the host's name in the Host header.
const net = require("net");
const { assert, sdk, test, create, until, request } = require("./common.js");

const SERVER = "python3 -m http.server";

async function serving(sandbox, port) {
  await sandbox.commands.run(`mkdir -p www; echo hello > www/f; cd www; ${SERVER} ${port} --bind 127.0.0.1`,
                             { background: true, timeoutMs: 0 });
  const host = `${port}-${sandbox.sandboxId}.sandboxes.test`;
  return { host, answered: (ask) => until(async () => {
    const answer = await request(host, "/f", ask);
    return answer.status !== 502 && answer;
  }, "the port") };
}

/** A free one of the machine's: the sandboxes of this version have its network. */
const port = () => new Promise((resolve) => {
  const taken = net.createServer().listen(0, "127.0.0.1", () => {
    const { port: number } = taken.address();
    taken.close(() => resolve(number));
  });
});

test("sandbox/host: an http.server in the sandbox is reached", async () => {
  const sandbox = await create();
  const number = await port();
  assert.match(sandbox.getHost(number), new RegExp(`^${number}-${sandbox.sandboxId}\\.`));
  const { answered } = await serving(sandbox, number);
  const answer = await answered();
  assert.deepEqual([answer.status, answer.text], [200, "hello\n"]);
});

test("sandbox/host: a port that nobody listens on is 502 in JSON", async () => {
  const sandbox = await create();
  const answer = await request(`4040-${sandbox.sandboxId}.sandboxes.test`, "/");
  const body = JSON.parse(answer.text);
  assert.deepEqual([answer.status, body.code, body.port], [502, 502, 4040]);
  assert.equal(body.message, "The sandbox is running but port is not open");
  assert.ok(sandbox.sandboxId.startsWith(body.sandboxId));
});

test("sandbox/host: a dead sandbox is 502 in JSON", async () => {
  const sandbox = await create();
  await sandbox.kill();
  const answer = await request(`3000-${sandbox.sandboxId}.sandboxes.test`, "/");
  const body = JSON.parse(answer.text);
  assert.deepEqual([answer.status, body.code], [502, 502]);
  assert.equal(body.message, "The sandbox was not found");
  assert.ok(sandbox.sandboxId.startsWith(body.sandboxId));
});

test("sandbox/network: the traffic token opens a private port, 403 without it", async () => {
  const sandbox = await create({ network: { allowPublicTraffic: false } });
  assert.ok(sandbox.trafficAccessToken);
  const { host, answered } = await serving(sandbox, await port());
  assert.equal((await request(host, "/f")).status, 403);
  const wrong = { headers: { "e2b-traffic-access-token": "wrong" } };
  assert.equal((await request(host, "/f", wrong)).status, 403);
  const right = { headers: { "e2b-traffic-access-token": sandbox.trafficAccessToken } };
  assert.equal((await answered(right)).text, "hello\n");
});

test("sandbox/network: public traffic wants no token", async () => {
  const sandbox = await create({ network: { allowPublicTraffic: true } });
  assert.ok(!sandbox.trafficAccessToken);
  const { answered } = await serving(sandbox, await port());
  assert.equal((await answered()).status, 200);
});

const ECHO = `
import http.server, sys
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.headers["Host"].encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
`;

for (const [name, mask] of [["masks the host's name", "app.example.com"],
                            ["puts the port into a masked name", "\${PORT}.example.com"]]) {
  test(`sandbox/network: maskRequestHost ${name}`, async () => {
    const sandbox = await create({ network: { maskRequestHost: mask } });
    const number = await port();
    await sandbox.files.write("echo.py", ECHO);
    await sandbox.commands.run(`python3 echo.py ${number}`, { background: true, timeoutMs: 0 });
    const answer = await until(async () => {
      const one = await request(`${number}-${sandbox.sandboxId}.sandboxes.test`, "/");
      return one.status !== 502 && one;
    });
    assert.equal(answer.text, mask.replace("${PORT}", String(number)));
  });
}

test("sandbox/commands/sandboxKilledDuringRun: says that it was killed", async () => {
  const sandbox = await create();
  // Looked at from the start: a rejection that nobody waits for ends the program.
  const running = sandbox.commands.run("sleep 60").catch((error) => error);
  await until(async () => (await sandbox.commands.list()).some(
      (one) => one.args.join(" ").includes("sleep")));
  await sandbox.kill();
  const failure = await running;
  assert.ok(failure instanceof sdk.TimeoutError, String(failure));
  assert.match(failure.message, /killed or reached its end of life/);
});
