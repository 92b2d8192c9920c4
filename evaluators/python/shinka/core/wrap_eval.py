"""The module path under which older task scripts look for the entry point."""

from shinka.core import run_shinka_eval

__all__ = ["run_shinka_eval"]
