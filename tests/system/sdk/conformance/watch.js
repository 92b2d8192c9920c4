// sandbox/files/watch.
const { assert, sdk, test, place, until, kind } = require("./common.js");

const WRITE = sdk.FilesystemEventType.WRITE;
const CREATE = sdk.FilesystemEventType.CREATE;

const watching = async (options = {}) => {
  const { files, folder } = await place();
  const seen = [];
  const handle = await files.watchDir(folder, (event) => { seen.push(event); }, options);
  const saw = (name, type) => until(() => seen.find(
      (event) => event.name === name && event.type === type), `${type} of ${name}`);
  return { files, folder, handle, seen, saw };
};

test("sandbox/files/watch: a write", async () => {
  const { files, folder, handle, saw } = await watching();
  await files.write(`${folder}/f.txt`, "x");
  await saw("f.txt", WRITE);
  await handle.stop();
});

test("sandbox/files/watch: rename, removal and change of mode", async () => {
  const { files, folder, handle, saw } = await watching();
  await files.write(`${folder}/a`, "x");
  await files.rename(`${folder}/a`, `${folder}/b`);
  await saw("a", sdk.FilesystemEventType.RENAME);
  await files.remove(`${folder}/b`);
  await saw("b", sdk.FilesystemEventType.REMOVE);
  await handle.stop();
});

test("sandbox/files/watch: recursive", async () => {
  const { files, folder } = await place();
  await files.makeDir(`${folder}/nested`);
  const seen = [];
  const handle = await files.watchDir(folder, (event) => { seen.push(event); }, { recursive: true });
  await files.write(`${folder}/nested/f.txt`, "x");
  await until(() => seen.some((event) => event.name === "nested/f.txt" && event.type === WRITE));
  await handle.stop();
});

test("sandbox/files/watch: a nested folder that is added later", async () => {
  const { files, folder, handle, saw } = await watching({ recursive: true });
  await files.makeDir(`${folder}/later`);
  await saw("later", CREATE);
  await files.write(`${folder}/later/f.txt`, "x");
  await saw("later/f.txt", WRITE);
  await handle.stop();
});

test("sandbox/files/watch: not below, unless it is asked for", async () => {
  const { files, folder, handle, seen, saw } = await watching();
  await files.makeDir(`${folder}/nested`);
  await files.write(`${folder}/nested/f.txt`, "x");
  await files.write(`${folder}/last`, "x");
  await saw("last", WRITE);
  assert.ok(!seen.some((event) => event.name.includes("/")));
  await handle.stop();
});

test("sandbox/files/watch: includeEntry brings what changed", async () => {
  const { files, folder, handle, saw } = await watching({ includeEntry: true });
  await files.write(`${folder}/f.txt`, "four");
  const event = await saw("f.txt", WRITE);
  assert.equal(event.entry.path, `${folder}/f.txt`);
  assert.equal(event.entry.type, "file");
  await handle.stop();
});

test("sandbox/files/watch: allowNetworkMounts changes nothing where there is none", async () => {
  const { files, folder, handle, saw } = await watching({ allowNetworkMounts: true });
  await files.write(`${folder}/f`, "x");
  await saw("f", WRITE);
  await handle.stop();
});

test("sandbox/files/watch: after its stop nothing comes", async () => {
  const { files, folder, handle, seen, saw } = await watching();
  await files.write(`${folder}/f`, "x");
  await saw("f", WRITE);
  await handle.stop();
  const so_far = seen.length;
  await files.write(`${folder}/g`, "x");
  await files.read(`${folder}/g`);
  assert.equal(seen.length, so_far);
});

test("sandbox/files/watch: what is not there is FileNotFoundError", async () => {
  const { files, folder } = await place();
  await assert.rejects(files.watchDir(`${folder}/none`, () => {}),
                       kind("FileNotFoundError", "NotFoundError"));
});

test("sandbox/files/watch: a file is an error", async () => {
  const { files, folder } = await place();
  await files.write(`${folder}/f`, "x");
  await assert.rejects(files.watchDir(`${folder}/f`, () => {}), sdk.SandboxError);
});

test("sandbox/files/watch: onExit tells of its end", async () => {
  let exited = false;
  const { handle } = await watching({ onExit: () => { exited = true; } });
  await handle.stop();
  await until(() => exited);
});
