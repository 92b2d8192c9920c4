// The asserted behaviours of the protocol, one case each, with an official JavaScript SDK, unmodified:
//   node run.js FOLDER_WITH_NODE_MODULES [WORD_OF_A_NAME]
// Prints a line of JSON per case: its name, and why it failed or could not be tried.
const path = require("path");

const { cases, Refused } = require("./common.js");
for (const part of ["api", "sandbox", "gateway", "commands", "files", "watch", "pty", "git"]) {
  require(path.join(__dirname, `${part}.js`));
}

const SIDE_BY_SIDE = 4;

async function run({ name, body }) {
  const begun = Date.now();
  const result = { name };
  try {
    await body();
  } catch (error) {
    if (error instanceof Refused) result.refused = error.message;
    else result.failed = String((error && error.stack) || error);
  }
  result.seconds = (Date.now() - begun) / 1000;
  console.log(JSON.stringify(result));
}

(async () => {
  console.log(JSON.stringify({ cases: cases.map(({ name }) => name) }));
  const wanted = cases.filter(({ name }) => name.includes(process.argv[3] ?? ""));
  const workers = Array.from({ length: SIDE_BY_SIDE }, async () => {
    while (wanted.length > 0) await run(wanted.shift());
  });
  await Promise.all(workers);
  await require("./common.js").end();
  process.exit(0);
})();
