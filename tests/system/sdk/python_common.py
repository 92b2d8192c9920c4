"""What the cases of the Python SDK share: `e2b`, or what E2B_PACKAGE names (`e2b_code_interpreter`)."""

import importlib
import os
import time

import e2b

Sandbox = importlib.import_module(os.environ.get("E2B_PACKAGE", "e2b")).Sandbox
AsyncSandbox = importlib.import_module(os.environ.get("E2B_PACKAGE", "e2b")).AsyncSandbox
TEMPLATE = Sandbox.default_template  # "base", or the code interpreter's.
CASES = []


def case(function):
    CASES.append(function)
    return function


def listed(**query):
    pages = Sandbox.list(query=e2b.SandboxQuery(**query))
    found = []
    while pages.has_next:
        found += pages.next_items()
    return found


def until(reached):
    end = time.time() + 60
    while not reached():
        assert time.time() < end, "waited in vain"
        time.sleep(0.02)


def raises(kind, call, *words):
    try:
        call()
    except kind as error:
        for word in words:
            assert word in str(error), f"'{word}' is not in: {error}"
        return error
    raise AssertionError(f"no {kind.__name__}")
