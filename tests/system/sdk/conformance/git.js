// sandbox/git: the SDK's own wrapper around git in the sandbox.
const { assert, test, place, Refused } = require("./common.js");

const repository = async () => {
  const { sandbox, folder, commands, files } = await place();
  const { git } = sandbox;
  if (!git) throw new Refused("this version of the SDK has no git");
  const path = `${folder}/repo`;
  await git.init(path, { initialBranch: "main" });
  await git.configureUser("A Tester", "tester@example.com", { scope: "local", path });
  const commit = async (name, text) => {
    await files.write(`${path}/${name}`, text);
    await git.add(path);
    await git.commit(path, `add ${name}`, { authorName: "A Tester",
                                           authorEmail: "tester@example.com" });
  };
  return { git, path, folder, commands, files, commit };
};

test("sandbox/git/init: a repository with the branch that was asked for", async () => {
  const { path, commands } = await repository();
  const { stdout } = await commands.run("git symbolic-ref --short HEAD", { cwd: path });
  assert.equal(stdout, "main\n");
});

test("sandbox/git/add and commit: are in the log", async () => {
  const { path, commands, commit } = await repository();
  await commit("f.txt", "one");
  const { stdout } = await commands.run("git log --format='%s %an <%ae>'", { cwd: path });
  assert.equal(stdout, "add f.txt A Tester <tester@example.com>\n");
});

test("sandbox/git/status: new, staged and changed files", async () => {
  const { git, path, files, commit } = await repository();
  await commit("f.txt", "one");
  assert.equal((await git.status(path)).isClean, true);
  await files.write(`${path}/f.txt`, "two");
  await files.write(`${path}/new.txt`, "new");
  const status = await git.status(path);
  assert.equal(status.currentBranch, "main");
  assert.deepEqual(status.fileStatus.map((one) => [one.name, one.status]).sort(),
                   [["f.txt", "modified"], ["new.txt", "untracked"]]);
});

test("sandbox/git/branches: create, checkout, list, delete", async () => {
  const { git, path, commit } = await repository();
  await commit("f.txt", "one");
  await git.createBranch(path, "feature");
  assert.equal((await git.branches(path)).currentBranch, "feature");
  await git.checkoutBranch(path, "main");
  const { branches, currentBranch } = await git.branches(path);
  assert.deepEqual([branches.sort(), currentBranch], [["feature", "main"], "main"]);
  await git.deleteBranch(path, "feature", { force: true });
  assert.deepEqual((await git.branches(path)).branches, ["main"]);
});

test("sandbox/git/config: set and get", async () => {
  const { git, path } = await repository();
  await git.setConfig("pull.rebase", "false", { scope: "local", path });
  assert.equal(await git.getConfig("pull.rebase", { scope: "local", path }), "false");
});

test("sandbox/git/remote: add and get", async () => {
  const { git, path } = await repository();
  await git.remoteAdd(path, "origin", "https://example.com/repo.git");
  assert.equal(await git.remoteGet(path, "origin"), "https://example.com/repo.git");
});

test("sandbox/git/reset and restore: back to what was", async () => {
  const { git, path, files, commit } = await repository();
  await commit("f.txt", "one");
  await files.write(`${path}/f.txt`, "two");
  await git.add(path);
  await git.reset(path, { mode: "hard" });
  assert.equal(await files.read(`${path}/f.txt`), "one");
  await files.write(`${path}/f.txt`, "three");
  await git.restore(path, { paths: ["f.txt"] });
  assert.equal(await files.read(`${path}/f.txt`), "one");
});

test("sandbox/git/clone and sync: push and pull between folders", async () => {
  const { git, path, folder, files, commands, commit } = await repository();
  await commit("f.txt", "one");
  await commands.run(`git clone -q --bare ${path} bare.git`, { cwd: folder });
  await git.clone(`file://${folder}/bare.git`, { path: `${folder}/copy` });
  assert.equal(await files.read(`${folder}/copy/f.txt`), "one");
  await git.remoteAdd(path, "origin", `file://${folder}/bare.git`);
  await commit("g.txt", "two");
  await git.push(path, { remote: "origin", branch: "main" });
  await git.pull(`${folder}/copy`);
  assert.equal(await files.read(`${folder}/copy/g.txt`), "two");
});
