"""Makes what ShinkaEvolve and OpenEvolve leave behind, by their file formats, for the tests."""
import json
import os
import sqlite3

# The table of ShinkaEvolve 0.0.7, without the columns that are not read.
SHINKA_TABLE = """CREATE TABLE programs (
  id TEXT PRIMARY KEY, code TEXT NOT NULL, language TEXT NOT NULL, parent_id TEXT,
  archive_inspiration_ids TEXT, top_k_inspiration_ids TEXT, generation INTEGER NOT NULL,
  timestamp REAL NOT NULL, code_diff TEXT, combined_score REAL, public_metrics TEXT,
  private_metrics TEXT, text_feedback TEXT, complexity REAL, embedding TEXT,
  correct BOOLEAN DEFAULT 0, children_count INTEGER NOT NULL DEFAULT 0, metadata TEXT,
  migration_history TEXT, island_idx INTEGER, system_prompt_id TEXT)"""


def program(body, markers=True):
    text = "def solve():\n    return %s\n" % body
    return "# EVOLVE-BLOCK-START\n%s# EVOLVE-BLOCK-END\n" % text if markers else text


def shinka_row(name, code, score, parent=None, generation=0, correct=1, island=0,
               language="python", public=None):
    return dict(id=name, code=code, language=language, parent_id=parent, generation=generation,
                timestamp=1.0 + generation, combined_score=score, correct=correct,
                public_metrics=json.dumps(public or {}), private_metrics="{}",
                text_feedback="", island_idx=island, metadata="{}")


def write_shinka(path, rows, table=SHINKA_TABLE):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    base = sqlite3.connect(path)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute(table)
    for row in rows:
        base.execute("INSERT INTO programs (%s) VALUES (%s)" % (
            ",".join(row), ",".join("?" * len(row))), list(row.values()))
    base.commit()
    base.close()
    return path


def openevolve_program(name, code, metrics, parent=None, generation=0, island=0):
    return dict(id=name, code=code, changes_description="", language="python", parent_id=parent,
                generation=generation, timestamp=1.0, iteration_found=generation, metrics=metrics,
                complexity=float(len(code)), diversity=0.0, metadata={"island": island},
                prompts=None, artifacts_json=None, artifact_dir=None, embedding=None)


def write_openevolve(folder, programs, iteration=10):
    """An output folder with one checkpoint; returns the checkpoint's folder."""
    checkpoint = os.path.join(folder, "checkpoints", "checkpoint_%d" % iteration)
    os.makedirs(os.path.join(checkpoint, "programs"), exist_ok=True)
    for one in programs:
        with open(os.path.join(checkpoint, "programs", one["id"] + ".json"), "w") as file:
            json.dump(one, file)  # as OpenEvolve does: NaN and Infinity may be in it
    with open(os.path.join(checkpoint, "metadata.json"), "w") as file:
        json.dump({"islands": [[one["id"] for one in programs]], "last_iteration": iteration,
                   "best_program_id": programs[0]["id"]}, file)
    return checkpoint
