"""The evaluation entry point that task scripts import."""

from genesis_evaluator.evaluation import run_evaluation as run_shinka_eval

__all__ = ["run_shinka_eval"]
