"""Runs a candidate's function apart from the evaluator and writes metrics.json and correct.json.

Standard library only; numpy is used where the task has it. See docs of the evaluator contract.
"""
