// sandbox/files/{read,write,exists,remove,rename,makeDir,info,list,contentEncoding,metadata,signing}.
const { assert, sdk, test, create, place, until, kind } = require("./common.js");

const missing = () => kind("FileNotFoundError", "NotFoundError");
const bytes = (size) => Buffer.alloc(size, "a piece of a file, ");

test("sandbox/files/read: text, bytes, blob and stream are the same", async () => {
  const { files, folder } = await place();
  const path = `${folder}/f`;
  await files.write(path, "täxt");
  assert.equal(await files.read(path), "täxt");
  assert.equal(await files.read(path, { format: "text" }), "täxt");
  assert.equal(Buffer.from(await files.read(path, { format: "bytes" })).toString(), "täxt");
  assert.equal(await (await files.read(path, { format: "blob" })).text(), "täxt");
  let streamed = "";
  for await (const piece of await files.read(path, { format: "stream" })) {
    streamed += Buffer.from(piece).toString();
  }
  assert.equal(streamed, "täxt");
});

test("sandbox/files/read: an empty file in each form", async () => {
  const { files, folder, commands } = await place();
  await commands.run(`touch ${folder}/empty`);
  assert.equal(await files.read(`${folder}/empty`), "");
  assert.equal((await files.read(`${folder}/empty`, { format: "bytes" })).length, 0);
  assert.equal((await files.read(`${folder}/empty`, { format: "blob" })).size, 0);
});

test("sandbox/files/read: a missing one is FileNotFoundError", async () => {
  const { files, folder } = await place();
  for (const format of ["text", "bytes", "stream"]) {
    await assert.rejects(files.read(`${folder}/none`, { format }), missing());
  }
});

test("sandbox/files/write: a text, and it says where", async () => {
  const { files, folder } = await place();
  const info = await files.write(`${folder}/a.txt`, "text");
  assert.deepEqual([info.path, info.name, info.type], [`${folder}/a.txt`, "a.txt", "file"]);
});

test("sandbox/files/write: bytes, blob and stream", async () => {
  const { files, folder } = await place();
  const data = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  const forms = { bytes: () => data.buffer.slice(data.byteOffset, data.byteOffset + data.length),
                  blob: () => new Blob([data]), stream: () => new Blob([data]).stream() };
  for (const [name, form] of Object.entries(forms)) {
    await files.write(`${folder}/${name}`, form());
    const back = await files.read(`${folder}/${name}`, { format: "bytes" });
    assert.ok(Buffer.from(back).equals(data), name);
  }
});

test("sandbox/files/write: over one that is there, longer and shorter", async () => {
  const { files, folder } = await place();
  for (const text of ["short", "much longer", "s", ""]) {
    await files.write(`${folder}/f`, text);
    assert.equal(await files.read(`${folder}/f`), text);
  }
});

test("sandbox/files/write: into folders that are not there", async () => {
  const { files, folder } = await place();
  await files.write(`${folder}/one/two/three.txt`, "deep");
  assert.equal(await files.read(`${folder}/one/two/three.txt`), "deep");
});

test("sandbox/files/write: a path from the home folder", async () => {
  const { files, folder } = await place();
  const relative = folder.replace("/home/user/", "");
  const info = await files.write(`${relative}/r.txt`, "r");
  assert.equal(info.path, `${folder}/r.txt`);
  assert.equal(await files.read(`~/${relative}/r.txt`), "r");
});

test("sandbox/files/write: several in one call", async () => {
  const { files, folder } = await place();
  const written = await files.write([
    { path: `${folder}/1.txt`, data: "one" }, { path: `${folder}/sub/2.txt`, data: "two" },
    { path: `${folder}/3.bin`, data: new Blob([Buffer.from([0, 1, 2])]) }]);
  assert.deepEqual(written.map((one) => one.path),
                   [`${folder}/1.txt`, `${folder}/sub/2.txt`, `${folder}/3.bin`]);
  assert.equal(await files.read(`${folder}/sub/2.txt`), "two");
  assert.deepEqual(await files.write([]), []);
});

test("sandbox/files/write: names of any letters", async () => {
  const { files, folder } = await place();
  const name = "žlutý 日本 +&%20='\"#?;.txt";
  await files.write(`${folder}/${name}`, "found");
  assert.equal(await files.read(`${folder}/${name}`), "found");
  assert.deepEqual((await files.list(folder)).map((entry) => entry.name), [name]);
});

test("sandbox/files/write: onto a folder is refused", async () => {
  const { files, folder } = await place();
  await assert.rejects(files.write(folder, "x"), sdk.InvalidArgumentError);
});

test("sandbox/files: a hundred megabytes there and back", async () => {
  const { files, folder } = await place();
  const data = bytes(100 * 1024 * 1024);
  await files.write(`${folder}/big`, new Blob([data]));
  assert.equal((await files.getInfo(`${folder}/big`)).size, data.length);
  const back = await files.read(`${folder}/big`, { format: "bytes" });
  assert.ok(Buffer.from(back.buffer, back.byteOffset, back.length).equals(data));
  await files.remove(`${folder}/big`);
});

test("sandbox/files/exists: what is there and what is not", async () => {
  const { files, folder } = await place();
  await files.write(`${folder}/f`, "");
  assert.equal(await files.exists(`${folder}/f`), true);
  assert.equal(await files.exists(folder), true);
  assert.equal(await files.exists(`${folder}/none`), false);
});

test("sandbox/files/remove: a file, a full folder, and what is not there", async () => {
  const { files, folder } = await place();
  await files.write(`${folder}/d/f`, "");
  await files.write(`${folder}/g`, "");
  for (const name of ["g", "d", "none"]) await files.remove(`${folder}/${name}`);
  assert.deepEqual(await files.list(folder), []);
});

test("sandbox/files/rename: moves, and says where to", async () => {
  const { files, folder } = await place();
  await files.write(`${folder}/old`, "kept");
  const info = await files.rename(`${folder}/old`, `${folder}/new`);
  assert.deepEqual([info.name, info.path, info.type], ["new", `${folder}/new`, "file"]);
  assert.equal(await files.exists(`${folder}/old`), false);
  assert.equal(await files.read(`${folder}/new`), "kept");
});

test("sandbox/files/rename: what is not there is FileNotFoundError", async () => {
  const { files, folder } = await place();
  await assert.rejects(files.rename(`${folder}/none`, `${folder}/x`), missing());
});

test("sandbox/files/makeDir: new is true, there already is false, nested", async () => {
  const { files, folder } = await place();
  assert.equal(await files.makeDir(`${folder}/a`), true);
  assert.equal(await files.makeDir(`${folder}/a`), false);
  assert.equal(await files.makeDir(`${folder}/b/c/d`), true);
  assert.equal(await files.exists(`${folder}/b/c`), true);
});

test("sandbox/files/makeDir: where a file is in the way is refused", async () => {
  const { files, folder } = await place();
  await files.write(`${folder}/f`, "");
  await assert.rejects(files.makeDir(`${folder}/f`), sdk.InvalidArgumentError);
});

test("sandbox/files/info: of a file", async () => {
  const { files, folder } = await place();
  await files.write(`${folder}/f.txt`, "test");
  const info = await files.getInfo(`${folder}/f.txt`);
  assert.deepEqual(
      [info.name, info.type, info.path, info.size, info.mode, info.permissions, info.owner,
       info.group, info.symlinkTarget],
      ["f.txt", "file", `${folder}/f.txt`, 4, 0o644, "-rw-r--r--", "user", "user", undefined]);
  assert.ok(Math.abs(info.modifiedTime - Date.now()) < 60_000);
});

test("sandbox/files/info: of a folder", async () => {
  const { files, folder } = await place();
  const info = await files.getInfo(folder);
  assert.deepEqual([info.type, info.mode, info.permissions, info.owner],
                   ["dir", 0o755, "drwxr-xr-x", "user"]);
  assert.ok(info.size > 0);
});

test("sandbox/files/info: of a symbolic link", async () => {
  const { files, folder, commands } = await place();
  await files.write(`${folder}/target`, "");
  await commands.run("ln -s target link", { cwd: folder });
  const info = await files.getInfo(`${folder}/link`);
  assert.deepEqual([info.name, info.symlinkTarget, info.type, info.permissions],
                   ["link", `${folder}/target`, "file", "Lrwxrwxrwx"]);
});

test("sandbox/files/info: what is not there is FileNotFoundError", async () => {
  const { files, folder } = await place();
  await assert.rejects(files.getInfo(`${folder}/none`), missing());
});

const tree = async () => {
  const { files, folder, commands } = await place();
  await commands.run("mkdir -p a/deep b; touch a/deep/2 a/1 c", { cwd: folder });
  return { files, folder };
};

test("sandbox/files/list: one level, in order", async () => {
  const { files, folder } = await tree();
  for (const depth of [undefined, 1]) {
    const found = await files.list(folder, { depth });
    assert.deepEqual(found.map((entry) => [entry.name, entry.type, entry.path]),
                     [["a", "dir", `${folder}/a`], ["b", "dir", `${folder}/b`],
                      ["c", "file", `${folder}/c`]]);
  }
});

test("sandbox/files/list: deeper, each folder before what is in it", async () => {
  const { files, folder } = await tree();
  const paths = async (depth) => (await files.list(folder, { depth })).map(
      (entry) => entry.path.slice(folder.length + 1));
  assert.deepEqual(await paths(2), ["a", "a/1", "a/deep", "b", "c"]);
  assert.deepEqual(await paths(3), ["a", "a/1", "a/deep", "a/deep/2", "b", "c"]);
});

test("sandbox/files/list: owners, modes, sizes and links", async () => {
  const { files, folder, commands } = await place();
  await commands.run("echo text > f; chmod 755 f; ln -s f l; ln -s none dangling", { cwd: folder });
  const found = Object.fromEntries((await files.list(folder)).map((one) => [one.name, one]));
  const { f, l } = found;
  assert.deepEqual([f.size, f.mode, f.permissions, f.owner, f.group],
                   [5, 0o755, "-rwxr-xr-x", "user", "user"]);
  assert.deepEqual([l.symlinkTarget, l.mode, l.type], [`${folder}/f`, 0o755, "file"]);
});

test("sandbox/files/list: depth 0, a file, and what is not there", async () => {
  const { files, folder } = await tree();
  await assert.rejects(files.list(folder, { depth: 0 }), sdk.InvalidArgumentError);
  await assert.rejects(files.list(`${folder}/c`), sdk.InvalidArgumentError);
  await assert.rejects(files.list(`${folder}/none`), missing());
});

for (const [form, make] of [["a text", (data) => data.toString()], ["a blob", (data) => new Blob([data])],
                            ["a stream", (data) => new Blob([data]).stream()]]) {
  test(`sandbox/files/contentEncoding: ${form} written and read with gzip`, async () => {
    const { files, folder } = await place();
    const data = bytes(200_000);
    await files.write(`${folder}/f`, make(data), { gzip: true });
    assert.equal((await files.getInfo(`${folder}/f`)).size, data.length);
    assert.equal(await files.read(`${folder}/f`, { gzip: true }), data.toString());
    assert.equal(await files.read(`${folder}/f`), data.toString());
  });
}

test("sandbox/files/contentEncoding: several files with gzip", async () => {
  const { files, folder } = await place();
  await files.write([{ path: `${folder}/1`, data: "one" }, { path: `${folder}/2`, data: "two" }],
                    { gzip: true });
  assert.equal(await files.read(`${folder}/2`, { gzip: true }), "two");
});

test("sandbox/files/metadata: comes back from write, info, list and rename", async () => {
  const { files, folder } = await place();
  const metadata = { author: "me", "review-state": "open" };
  const written = await files.write(`${folder}/f`, "x", { metadata });
  assert.deepEqual(written.metadata, metadata);
  assert.deepEqual((await files.getInfo(`${folder}/f`)).metadata, metadata);
  assert.deepEqual((await files.list(folder))[0].metadata, metadata);
  assert.deepEqual((await files.rename(`${folder}/f`, `${folder}/g`)).metadata, metadata);
});

test("sandbox/files/metadata: by a stream, and for several files", async () => {
  const { files, folder } = await place();
  await files.write(`${folder}/f`, "x", { metadata: { k: "v" }, useOctetStream: true });
  assert.deepEqual((await files.getInfo(`${folder}/f`)).metadata, { k: "v" });
  await files.write([{ path: `${folder}/1`, data: "1" }, { path: `${folder}/2`, data: "2" }],
                    { metadata: { k: "both" } });
  for (const name of ["1", "2"]) {
    assert.deepEqual((await files.getInfo(`${folder}/${name}`)).metadata, { k: "both" });
  }
});

test("sandbox/files/metadata: written over, it is gone", async () => {
  const { files, folder } = await place();
  await files.write(`${folder}/f`, "x", { metadata: { a: "1" } });
  await files.write(`${folder}/f`, "x", { metadata: { b: "2" } });
  assert.deepEqual((await files.getInfo(`${folder}/f`)).metadata, { b: "2" });
  await files.write(`${folder}/f`, "x");
  assert.deepEqual((await files.getInfo(`${folder}/f`)).metadata ?? {}, {});
});

test("sandbox/files/metadata: what others wrote as attributes", async () => {
  const { files, folder, commands } = await place();
  await files.write(`${folder}/f`, "x");
  await commands.run("python3 -c \"import os; os.setxattr('f', 'user.e2b.by', b'hand'); "
                     + "os.setxattr('f', 'user.other', b'no')\"", { cwd: folder });
  assert.deepEqual((await files.getInfo(`${folder}/f`)).metadata, { by: "hand" });
});

test("sandbox/files/metadata: an invalid one is rejected", async () => {
  const { files, folder } = await place();
  for (const metadata of [{ "bad key": "v" }, { k: "line\nbreak" }, { "": "v" },
                          { ["k".repeat(300)]: "v" }]) {
    await assert.rejects(files.write(`${folder}/f`, "x", { metadata }));
  }
});

const put = (url, text) => {
  const form = new FormData();
  form.append("file", new Blob([text]), "file");
  return fetch(url, { method: "POST", body: form });
};

test("sandbox/files/signing: read by URL", async () => {
  const sandbox = await create({ secure: true });
  await sandbox.files.write("hello + ü.txt", "signed");
  const answer = await fetch(await sandbox.downloadUrl("hello + ü.txt"));
  assert.deepEqual([answer.status, await answer.text()], [200, "signed"]);
});

test("sandbox/files/signing: write by URL", async () => {
  const sandbox = await create({ secure: true });
  const answer = await put(await sandbox.uploadUrl("up.txt"), "uploaded");
  assert.equal(answer.status, 200);
  assert.equal(await sandbox.files.read("up.txt"), "uploaded");
});

test("sandbox/files/signing: before and after the expiration", async () => {
  const sandbox = await create({ secure: true });
  await sandbox.files.write("f", "x");
  const right = await sandbox.downloadUrl("f", { useSignatureExpiration: 60 });
  assert.equal((await fetch(right)).status, 200);
  const late = await sandbox.downloadUrl("f", { useSignatureExpiration: -60 });
  const refused = await fetch(late);
  assert.equal(refused.status, 401);
  assert.match(await refused.text(), /expired/);
  const write = await sandbox.uploadUrl("f", { useSignatureExpiration: -60 });
  assert.equal((await put(write, "x")).status, 401);
});

test("sandbox/files/signing: as root", async () => {
  const sandbox = await create({ secure: true });
  const written = await put(await sandbox.uploadUrl("/root/f", { user: "root" }), "root's");
  if (process.env.ONE_USER) return; // Of an ordinary user's sandboxes there is no root.
  assert.equal(written.status, 200);
  const answer = await fetch(await sandbox.downloadUrl("/root/f", { user: "root" }));
  assert.equal(await answer.text(), "root's");
  assert.equal((await sandbox.files.getInfo("/root/f", { user: "root" })).owner, "root");
});

test("sandbox/files/signing: a wrong signature, none, and one for the other way", async () => {
  const sandbox = await create({ secure: true });
  await sandbox.files.write("f", "x");
  const url = new URL(await sandbox.downloadUrl("f"));
  assert.equal((await put(url, "y")).status, 401);
  url.searchParams.set("signature", "v1_" + "x".repeat(43));
  assert.equal((await fetch(url)).status, 401);
  url.searchParams.delete("signature");
  assert.notEqual((await fetch(url)).status, 200);
});

test("sandbox/files: a full life in one sandbox of its own", async () => {
  const sandbox = await create();
  await sandbox.files.write("f", "one");
  const other = await create();
  assert.equal(await other.files.exists("f"), false);
  await until(async () => (await sandbox.files.read("f")) === "one");
});
