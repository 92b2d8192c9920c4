// As sdk_rates.py, for the official JavaScript SDK: node sdk_rates.js FOLDER_WITH_NODE_MODULES.
const { createRequire } = require("module");
const { createInterface } = require("readline");
const { Sandbox } = createRequire(process.argv[2] + "/")("e2b");

async function main() {
  const sandbox = await Sandbox.create({ timeoutMs: 600_000 });
  const work = {
    commands: () => sandbox.commands.run("true"),
    pairs: async () => (await Sandbox.create({ timeoutMs: 60_000 })).kill(),
  };
  for (const one of Object.values(work)) await one(); // Connections are made, modules loaded.
  console.log("ready");
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, count] = line.split(" ");
    const since = process.hrtime.bigint();
    for (let i = 0; i < Number(count); i++) await work[name]();
    console.log(Number(process.hrtime.bigint() - since) / 1e9);
  }
  await sandbox.kill();
}

main();
