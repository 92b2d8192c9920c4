"""Artifacts: texts and bytes that an evaluation returns beside its metrics."""

import json

from genesis_evaluator.results import to_json

MAX_INLINE_BYTES = 32 * 1024  # larger ones are files of their own
MAX_FEEDBACK_BYTES = 20 * 1024


def store(folder, artifacts, metrics):
    """Puts small ones into metrics["artifacts"], large and binary ones into files below artifacts/,
    and what reads as text into metrics["text_feedback"]."""
    if not artifacts:
        return
    kept, feedback = {}, []
    for number, (name, value) in enumerate(artifacts.items()):
        data = value if isinstance(value, bytes) else _text(value).encode("utf-8", "replace")
        binary = isinstance(value, bytes) and not _is_text(value)
        if binary or len(data) > MAX_INLINE_BYTES:
            file = "artifacts/%d_%s" % (number, _safe(name))
            folder.write_below("artifacts", "%d_%s" % (number, _safe(name)), data)
            kept[name] = {"file": file, "bytes": len(data)}
        else:
            kept[name] = value if _is_json(value) else data.decode("utf-8", "replace")
        if not binary:
            feedback.append((name, data.decode("utf-8", "replace")))
    metrics["artifacts"] = kept
    text = _feedback(feedback)
    if text:
        metrics["text_feedback"] = text


def _text(value):
    return value if isinstance(value, str) else to_json(value).decode("utf-8")


def _is_json(value):
    if isinstance(value, bytes):
        return False
    try:
        json.dumps(value)
        return True
    except (TypeError, ValueError):
        return False


def _is_text(data):
    try:
        data.decode("utf-8")
        return b"\0" not in data
    except UnicodeDecodeError:
        return False


def _safe(name):
    return "".join(c if c.isascii() and c.isalnum() or c in "-_" else "_" for c in name)[:60] or "x"


def _feedback(parts):
    """Each part under its name; long ones lose their middle, so that all have a place."""
    if not parts:
        return ""
    share = MAX_FEEDBACK_BYTES // len(parts)
    return "\n".join("%s:\n%s" % (name, _shortened(text, share)) for name, text in parts)


def _shortened(text, most):
    if len(text) <= most:
        return text
    half = max(1, (most - 40) // 2)
    return "%s\n… %d characters left out …\n%s" % (text[:half], len(text) - 2 * half, text[-half:])
