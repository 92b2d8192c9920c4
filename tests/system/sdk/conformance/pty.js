// sandbox/pty.
const { assert, sdk, test, place, until } = require("./common.js");

const terminal = async (options = {}) => {
  const { sandbox, folder } = await place();
  let shown = "";
  const add = (data) => { shown += Buffer.from(data).toString(); };
  const handle = await sandbox.pty.create({ cols: 80, rows: 24, cwd: folder, onData: add,
                                            ...options });
  const type = (text) => sandbox.pty.sendInput(handle.pid, Buffer.from(text));
  return { pty: sandbox.pty, handle, type, shown: () => shown,
           saw: (text) => until(() => shown.includes(text), `'${text}' in '${shown}'`) };
};

test("sandbox/pty/create: with variables, an exit code, and a terminal's", async () => {
  const { handle, type, saw } = await terminal({ envs: { ABC: "123" } });
  await type("echo a$ABC-$TERM\n");
  await saw("a123-xterm-256color");
  await type("exit\n");
  assert.equal((await handle.wait()).exitCode, 0);
});

test("sandbox/pty/sendInput: an exit code of its shell", async () => {
  const { handle, type } = await terminal();
  await type("exit 7\n");
  await assert.rejects(handle.wait(), (error) => error.exitCode === 7);
});

test("sandbox/pty/resize: stty sees it", async () => {
  const { pty, handle, type, saw } = await terminal();
  await type("stty size\n");
  await saw("24 80");
  await pty.resize(handle.pid, { cols: 100, rows: 30 });
  await type("stty size\n");
  await saw("30 100");
  await pty.kill(handle.pid);
});

test("sandbox/pty/connect: after a disconnect the same shell", async () => {
  const { pty, handle, type } = await terminal();
  await type("KEPT=still\n");
  await handle.disconnect();
  let shown = "";
  const again = await pty.connect(handle.pid, {
    onData: (data) => { shown += Buffer.from(data).toString(); } });
  assert.equal(again.pid, handle.pid);
  await type("echo $KEPT-there\n");
  await until(() => shown.includes("still-there"));
  await type("exit\n");
  assert.equal((await again.wait()).exitCode, 0);
});

test("sandbox/pty/kill: true, then false", async () => {
  const { pty, handle } = await terminal();
  assert.equal(await pty.kill(handle.pid), true);
  await assert.rejects(handle.wait(), sdk.CommandExitError);
  assert.equal(await pty.kill(handle.pid), false);
});

test("sandbox/pty/kill: Ctrl-C ends what runs, not the shell", async () => {
  const { pty, handle, type, saw } = await terminal();
  await type("echo run''ning; sleep 60\n");
  await saw("running");
  await type("\u0003");
  await type("echo al''ive\n");
  await saw("alive");
  await pty.kill(handle.pid);
});
