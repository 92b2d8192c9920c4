// As sdk_fleet.py, for the official JavaScript SDK: node sdk_fleet.js FOLDER JOBS SANDBOXES SECONDS.
const { createRequire } = require("module");
const { Sandbox } = createRequire(process.argv[2] + "/")("e2b");
const [jobs, sandboxes, seconds] = process.argv.slice(3).map(Number);
const PROGRAM = "#".repeat(2000);

async function main() {
  const cpu = process.cpuUsage();
  const memory = process.memoryUsage.rss();
  let left = jobs;
  let begun = 0;
  let grown = 0;
  const command =
    `sleep ${seconds} && printf '{"combined_score": 1}' >/tmp/metrics.json && ` +
    `printf '{"correct": true}' >/tmp/correct.json`;

  async function evaluate(sandbox) {
    await sandbox.files.write("/tmp/main.sh", PROGRAM);
    const running = await sandbox.commands.run(command, { background: true });
    if (++begun === sandboxes) grown = process.memoryUsage.rss() - memory;
    await running.wait();
    const score = await sandbox.files.read("/tmp/metrics.json");
    if (!score.includes("combined_score")) throw new Error("no score");
  }

  async function work() {
    const sandbox = await Sandbox.create({ timeoutMs: 600_000 });
    while (left-- > 0) await evaluate(sandbox);
    return sandbox;
  }

  const since = process.hrtime.bigint();
  const all = await Promise.all(Array.from({ length: sandboxes }, work));
  const wall = Number(process.hrtime.bigint() - since) / 1e9;
  await Promise.all(all.map((sandbox) => sandbox.kill()));
  const used = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({ wall, cpu: (used.user + used.system) / 1e6, memory: grown / sandboxes }),
  );
}

main();
