"""The demo of sandboxes (examples/e2b_demo): its program and the commands of its README, without a key and with
one; `genesis sandbox` without a key."""

import json
import os
import re
import subprocess
import unittest

from local_server_case import BIN, HOME, LocalServerCase

NOTICE = "E2B_API_KEY not set: sandboxes are made on this machine, by genesis sandboxd at "


class E2BDemoTest(LocalServerCase):
    def setUp(self):
        super().setUp()
        self.work = self.folder / "w"
        self.work.mkdir()
        (self.work / "examples").symlink_to(HOME / "examples")

    def with_a_key(self):
        """The provider is named: the server that is there, as somebody else's."""
        server = self.server()
        return self.environment(E2B_API_KEY=server["api_key"], E2B_API_URL=server["url"],
                                E2B_SANDBOX_URL=server["url"])

    def run_in(self, *command, environment=None, code=0):
        done = subprocess.run([str(word) for word in command], cwd=self.work, text=True,
                              env=environment or self.environment(), capture_output=True, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def demo(self, *words, **options):
        return self.run_in(BIN / "e2b_demo", *words, **options)

    def nothing_is_left(self):
        self.poll("no sandbox is left", lambda: not self.sandboxes())

    def test_all_parts_end_well_without_a_key(self):
        said = self.demo("--generations", "5").stdout
        self.assertIn("4 of 4 parts ended well", said)
        self.assertIn(NOTICE, said)
        self.assertRegex(said, r"submitted: e2b-[0-9a-f]{8}\n")
        self.assertRegex(said, r'metrics +\{"combined_score": 1\.28')
        self.assertEqual(len(re.findall(r"job-\d  exited with 0, score [1-9]\.\d+ \(\d of 6\)", said)), 6)
        self.assertIn("job_config.time_out: unknown key, did you mean 'timeout'?", said)
        self.assertRegex(said, r"best score [1-9]\.\d+, the initial program's 1\.28")
        self.assertNotIn(self.server()["api_key"], said)
        self.assertTrue((self.work / "results/e2b_demo/direct/results/metrics.json").exists())
        self.nothing_is_left()
        again = self.demo("evolution", "--generations", "5").stdout
        self.assertIn("1 of 1 parts ended well", again)

    def test_with_a_key_it_is_the_provider_of_that_key(self):
        self.run_in(BIN / "genesis", "sandbox", "list")  # Starts the server.
        said = self.demo("direct", "scheduler", environment=self.with_a_key()).stdout
        self.assertIn("2 of 2 parts ended well", said)
        self.assertNotIn("not set", said)
        self.nothing_is_left()
        wrong = dict(self.with_a_key(), E2B_API_KEY="e2b_" + "0" * 40)
        refused = self.demo("direct", environment=wrong, code=2)
        self.assertIn("401", refused.stderr)
        alone = self.environment(E2B_API_URL=self.server()["url"])
        self.assertIn("E2B_API_KEY not set: export E2B_API_KEY=your_api_key",
                      self.demo("direct", environment=alone, code=2).stderr)

    def test_wrong_words_are_answered_with_the_parts(self):
        refused = self.demo("sheduler", code=2).stderr
        self.assertIn("'sheduler' is no part of it", refused)
        self.assertIn("scheduler", refused)
        self.assertIn("Without a part: all of them", self.demo("--help").stdout)

    def test_the_readmes_commands(self):
        text = (HOME / "examples/e2b_demo/README.md").read_text()
        blocks = re.findall(r"```bash\n(.*?)```", text, re.S)
        self.assertEqual(len(blocks), 4)
        direct, scheduler, configuration, evolution = blocks
        path = self.environment(PATH=f"{BIN}:{os.environ['PATH']}")
        said = {}
        for block in (direct, configuration, evolution, scheduler):
            said[block] = self.run_in("bash", "-euo", "pipefail", "-c", block, environment=path).stdout
        self.assertIn('"combined_score": 1.28', said[direct])
        self.assertIn("timeout: 300\n", said[configuration])
        self.assertIn("12 of 12", said[evolution])
        self.assertIn("1.28", said[scheduler] + said[evolution])
        self.nothing_is_left()


class SandboxWithoutAKeyTest(LocalServerCase):
    def sandbox(self, *words, code=0):
        done = subprocess.run([str(BIN / "genesis"), "sandbox", *words], env=self.environment(), text=True,
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_the_first_call_starts_a_server_and_the_next_ones_find_it(self):
        made = self.sandbox("create", "--timeout", "5m")
        self.assertEqual(made.stderr, NOTICE + self.server()["url"] + "\n")
        server = self.server()
        identity = made.stdout.strip()
        ran = self.sandbox("exec", identity, "echo out; exit 3", code=3)
        self.assertEqual((ran.stdout, ran.stderr), ("out\n", made.stderr))
        listed = json.loads(self.sandbox("list", "--json").stdout)
        self.assertEqual([each["id"] for each in listed], [identity])
        self.sandbox("kill", identity)
        self.assertEqual(json.loads(self.sandbox("list", "--json").stdout), [])
        self.assertEqual(self.server(), server)


if __name__ == "__main__":
    unittest.main(verbosity=2)
