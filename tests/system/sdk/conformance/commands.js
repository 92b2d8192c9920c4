// sandbox/commands/{run,connect,kill,list,sendStdin,envVars}.
const { assert, sdk, test, create, place, until } = require("./common.js");

test("sandbox/commands/run: echo", async () => {
  const { commands } = await place();
  const result = await commands.run("echo 'Hello, World!'");
  assert.deepEqual([result.exitCode, result.stdout, result.stderr], [0, "Hello, World!\n", ""]);
});

test("sandbox/commands/run: special characters", async () => {
  const { commands } = await place();
  const text = "!@#$%^&*()_+{}|:<>?`~[]\\;\",./";
  assert.equal((await commands.run(`printf %s '${text}'`)).stdout, text);
  assert.equal((await commands.run("printf %s 'žluťoučký 日本 🙂'")).stdout, "žluťoučký 日本 🙂");
});

test("sandbox/commands/run: several lines", async () => {
  const { commands } = await place();
  const text = "Hello,\nWorld!\n\nend";
  assert.equal((await commands.run(`echo '${text}'`)).stdout, `${text}\n`);
});

test("sandbox/commands/run: outputs as they come, apart", async () => {
  const { commands, folder } = await place();
  const seen = [];
  const errors = [];
  const result = await commands.run(
      `echo one; while [ ! -e ${folder}/go ]; do sleep 0.02; done; echo two; echo bad >&2`,
      { onStdout: (text) => {
          seen.push(text);
          if (seen.length === 1) commands.run(`touch ${folder}/go`);
        }, onStderr: (text) => { errors.push(text); } });
  assert.deepEqual([seen.join(""), errors.join("")], ["one\ntwo\n", "bad\n"]);
  assert.equal(result.stdout, "one\ntwo\n");
});

test("sandbox/commands/run: a character cut in two between writes", async () => {
  const { commands } = await place();
  const result = await commands.run("printf '\\xe6\\x97'; sleep 0.1; printf '\\xa5'");
  assert.equal(result.stdout, "日");
});

test("sandbox/commands/run: an exit code is an error with the outputs", async () => {
  const { commands } = await place();
  const failed = await commands.run("echo out; echo err >&2; exit 3").catch((error) => error);
  assert.ok(failed instanceof sdk.CommandExitError);
  assert.deepEqual([failed.exitCode, failed.stdout, failed.stderr], [3, "out\n", "err\n"]);
});

test("sandbox/commands/run: within its timeout", async () => {
  const { commands } = await place();
  assert.equal((await commands.run("echo in", { timeoutMs: 10_000 })).stdout, "in\n");
});

test("sandbox/commands/run: past its timeout is TimeoutError and its end", async () => {
  const { commands, folder } = await place();
  await assert.rejects(commands.run(`echo $$ > ${folder}/pid; sleep 60`, { timeoutMs: 500 }),
                       sdk.TimeoutError);
  await until(async () => (await commands.run(`kill -0 $(cat ${folder}/pid) 2>/dev/null || echo gone`))
      .stdout === "gone\n", "the process to end");
});

test("sandbox/commands/run: cwd and user", async () => {
  const { commands, folder } = await place();
  assert.equal((await commands.run("pwd", { cwd: folder })).stdout, `${folder}\n`);
  assert.equal((await commands.run("whoami; pwd")).stdout, "user\n/home/user\n");
  assert.equal((await commands.run("whoami", { user: "user" })).stdout, "user\n");
  await assert.rejects(commands.run("pwd", { cwd: "/no/such/folder" }), sdk.InvalidArgumentError);
  await assert.rejects(commands.run("id", { user: "nobody-of-this-name" }),
                       sdk.AuthenticationError);
});

test("sandbox/commands/run: as root", async () => {
  const { commands } = await place();
  const { stdout } = await commands.run("whoami", { user: "root" });
  assert.equal(stdout, process.env.ONE_USER ? "user\n" : "root\n");
});

test("sandbox/commands/connect: to a process by its pid", async () => {
  const { commands } = await place();
  const first = await commands.run("read line; echo got $line", { background: true, stdin: true });
  const again = await commands.connect(first.pid);
  assert.equal(again.pid, first.pid);
  await commands.sendStdin(first.pid, "it\n");
  for (const handle of [first, again]) {
    const ended = await handle.wait();
    assert.deepEqual([ended.exitCode, ended.stdout], [0, "got it\n"]);
  }
});

test("sandbox/commands/connect: after a disconnect it goes on", async () => {
  const { commands } = await place();
  const first = await commands.run("read line; echo got $line", { background: true, stdin: true });
  await first.disconnect();
  const again = await commands.connect(first.pid);
  await commands.sendStdin(first.pid, "it\n");
  assert.equal((await again.wait()).stdout, "got it\n");
});

test("sandbox/commands/connect: an unknown pid rejects", async () => {
  const { commands } = await place();
  await assert.rejects(commands.connect(999_999), sdk.NotFoundError);
});

test("sandbox/commands/kill: afterwards kill -0 fails", async () => {
  const { commands } = await place();
  const handle = await commands.run("sleep 60", { background: true });
  assert.equal(await commands.kill(handle.pid), true);
  await assert.rejects(commands.run(`kill -0 ${handle.pid}`), sdk.CommandExitError);
  await assert.rejects(handle.wait(), sdk.CommandExitError);
});

test("sandbox/commands/kill: by its handle", async () => {
  const { commands } = await place();
  const handle = await commands.run("sleep 60", { background: true });
  assert.equal(await handle.kill(), true);
  await assert.rejects(commands.run(`kill -0 ${handle.pid}`), sdk.CommandExitError);
});

test("sandbox/commands/kill: an unknown pid is false", async () => {
  const { commands } = await place();
  assert.equal(await commands.kill(999_999), false);
});

test("sandbox/commands/list: contains the pids that run, and what they run", async () => {
  const { commands } = await place();
  const one = await commands.run("sleep 61", { background: true });
  const two = await commands.run("sleep 62", { background: true });
  const running = new Map((await commands.list()).map((each) => [each.pid, each]));
  assert.deepEqual(running.get(one.pid).args, ["-l", "-c", "sleep 61"]);
  assert.equal(running.get(two.pid).cmd, "/bin/bash");
  await one.kill();
  await two.kill();
});

const cat = async (program = "cat") => {
  const { commands } = await place();
  const handle = await commands.run(program, { background: true, stdin: true });
  return { commands, handle, seen: () => handle.stdout };
};

for (const [name, text] of [["a text", "Hello, World!"], ["an empty text", ""],
                            ["special characters", "!@#$%^&*()_+ ünï 日本\t'\""],
                            ["several lines", "Hello,\nWorld!\n"]]) {
  test(`sandbox/commands/sendStdin: ${name}`, async () => {
    const { commands, handle, seen } = await cat();
    await commands.sendStdin(handle.pid, text);
    await commands.sendStdin(handle.pid, "|");
    await until(() => seen().endsWith("|"));
    assert.equal(seen(), `${text}|`);
    await handle.kill();
  });
}

test("sandbox/commands/sendStdin: bytes", async () => {
  const { commands, handle, seen } = await cat("od -An -v -tx1 -w1 -N 4");
  await commands.sendStdin(handle.pid, new Uint8Array([0, 255, 10, 128]));
  assert.equal((await handle.wait()).stdout.replace(/\s+/g, " "), " 00 ff 0a 80 ");
  assert.ok(seen());
});

test("sandbox/commands/sendStdin: closeStdin is the end of the input", async () => {
  const { commands, handle } = await cat("cat; echo end");
  await commands.sendStdin(handle.pid, "text ");
  await commands.closeStdin(handle.pid);
  assert.equal((await handle.wait()).stdout, "text end\n");
});

test("sandbox/commands/sendStdin: by the handle", async () => {
  const { handle } = await cat();
  if (!handle.sendStdin) return void (await handle.kill()); // Not of this version.
  await handle.sendStdin("by handle");
  await handle.closeStdin();
  assert.equal((await handle.wait()).stdout, "by handle");
});

test("sandbox/commands/sendStdin: without stdin the input is at its end", async () => {
  const { commands } = await place();
  assert.equal((await commands.run("cat; echo end")).stdout, "end\n");
});

test("sandbox/commands/envVars: of one command", async () => {
  const { commands } = await place();
  assert.equal((await commands.run("echo $FOO", { envs: { FOO: "bar" } })).stdout, "bar\n");
  assert.equal((await commands.run("echo \"$FOO\"")).stdout, "\n");
});

test("sandbox/commands/envVars: of the sandbox, and a command's go first", async () => {
  const { commands } = await place();
  assert.equal((await commands.run("echo $GLOBAL")).stdout, "of the sandbox\n");
  assert.equal((await commands.run("echo $GLOBAL", { envs: { GLOBAL: "mine" } })).stdout, "mine\n");
});

test("sandbox/commands/envVars: a command's do not leak through sudo", async () => {
  const { commands } = await place();
  const { stdout } = await commands.run("command -v sudo >/dev/null && sudo echo works || echo none");
  if (stdout !== "works\n") {
    const { Refused } = require("./common.js");
    throw new Refused("sudo is not on this machine, or nobody may use it");
  }
  const script = "echo $FOO; sudo sh -c 'echo ${FOO:-unset}'; sudo -E sh -c 'echo ${FOO:-unset}'";
  const ended = await commands.run(script, { envs: { FOO: "bar" } });
  assert.deepEqual(ended.stdout.split("\n").slice(0, 2), ["bar", "unset"]);
});

test("sandbox/commands/envVars: those that every sandbox has", async () => {
  const sandbox = await create({ envs: { E2B_SANDBOX_ID: "forged" } });
  const { stdout } = await sandbox.commands.run("echo $E2B_SANDBOX $E2B_SANDBOX_ID $HOME $USER");
  assert.equal(stdout, `true ${sandbox.sandboxId} /home/user user\n`);
});

test("sandbox/commands/run: a hundred at once", async () => {
  const { commands } = await place();
  const wanted = Array.from({ length: 100 }, (_, n) => `${n}\n`);
  const ended = await Promise.all(wanted.map((text) => commands.run(`echo ${text.trim()}`)));
  assert.deepEqual(ended.map((one) => one.stdout), wanted);
});
