"""The fork server of warm evaluations: imports once, then a clone per job. See docs/evaluators.md."""
