"""The evaluation entry point that task scripts import."""

from genesis_evaluator.evaluation import run_evaluation as run_genesis_eval

__all__ = ["run_genesis_eval"]
