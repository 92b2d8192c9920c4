"""The module path under which older task scripts look for the entry point."""

from genesis.core import run_genesis_eval

__all__ = ["run_genesis_eval"]
