"""What an evaluator of the form evaluate(program_path) may return beside a plain dict."""

from dataclasses import dataclass, field


@dataclass
class EvaluationResult:
    """Metrics (numbers by name; `combined_score` is the score) and artifacts: texts or bytes that
    tell people and mutators more."""

    metrics: dict
    artifacts: dict = field(default_factory=dict)

    @classmethod
    def from_dict(cls, metrics):
        return cls(metrics)

    def to_dict(self):
        return self.metrics

    def has_artifacts(self):
        return len(self.artifacts) > 0

    def get_artifact_keys(self):
        return [*self.artifacts]

    def get_artifact_size(self, key):
        """Bytes; 0 for one that is not there."""
        value = self.artifacts.get(key, b"")
        return len(value if isinstance(value, bytes) else str(value).encode("utf-8"))

    def get_total_artifact_size(self):
        return sum(map(self.get_artifact_size, self.artifacts))
