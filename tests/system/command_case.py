"""What tests share that start the programs and watch them."""

import time
import unittest

DEADLINE = 120


class CommandCase(unittest.TestCase):
    @staticmethod
    def reap(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()

    def poll(self, what, condition):
        end = time.time() + DEADLINE
        while time.time() < end:
            if condition():
                return
            time.sleep(0.02)
        self.fail("waited in vain until " + what)
