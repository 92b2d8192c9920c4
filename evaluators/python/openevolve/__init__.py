"""Lets evaluators written for `openevolve.evaluation_result` run under the Genesis launcher.

A package of the same name that is installed stays reachable for everything else.
"""

import pkgutil

from openevolve.evaluation_result import EvaluationResult

__path__ = pkgutil.extend_path(__path__, __name__)
__all__ = ["EvaluationResult"]
