#include "genesis/cli/task_templates.h"

#include <fmt/format.h>

#include "genesis/base/text.h"
#include "genesis/program/language.h"

namespace genesis::cli {
namespace {

constexpr std::string_view kPythonProgram =
    R"py("""The program that evolves. Only what stands between the markers may change."""


# EVOLVE-BLOCK-START
def solve():
    """Returns the point (x, y) at which the evaluator measures the function."""
    x = 0.5
    y = 0.5
    return [x, y]
# EVOLVE-BLOCK-END
)py";

constexpr std::string_view kPythonEvaluator =
    R"py("""Scores one program: evaluate.py --program_path PROGRAM --results_dir FOLDER

Replace validate() and score() by your own. The program runs in a process of its own; what it
returns arrives here as data.
"""
import argparse
import math

from genesis.core import run_genesis_eval


def validate(point):
    """(True, None), or (False, why): such a program is recorded as incorrect."""
    if not isinstance(point, (list, tuple)) or len(point) != 2:
        return False, "solve() must return two numbers, not %r" % (point,)
    if not all(isinstance(v, (int, float)) and math.isfinite(v) for v in point):
        return False, "both numbers must be finite, not %r" % (point,)
    return True, None


def score(points):
    """metrics.json: combined_score is what counts, higher is better; `public` is shown with it."""
    x, y = points[0]
    # Rosenbrock's valley, upside down: the best score is 0, at (1, 1).
    value = -((1 - x) ** 2 + 100 * (y - x * x) ** 2)
    return {"combined_score": value, "public": {"x": x, "y": y}, "private": {}}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program_path", required=True)
    parser.add_argument("--results_dir", required=True)
    arguments = parser.parse_args()
    run_genesis_eval(
        program_path=arguments.program_path,
        results_dir=arguments.results_dir,
        experiment_fn_name="solve",
        num_runs=1,
        get_experiment_kwargs=lambda run: {},
        validate_fn=validate,
        aggregate_metrics_fn=score,
    )
)py";

constexpr std::string_view kCppProgram =
    R"cpp(// The program that evolves. Only what stands between the markers may change.
#include <cstdio>

          // EVOLVE-BLOCK-START
          double x() {
            return 0.5;
          }
          double y() {
            return 0.5;
          }
          // EVOLVE-BLOCK-END

          int main() {
            std::printf("%.17g %.17g\n", x(), y());
          }
    )cpp";

constexpr std::string_view kCppEvaluator =
    R"py("""Scores one program: evaluate.py --program_path PROGRAM --results_dir FOLDER

Compiles the program, runs it in a process of its own, and scores what it prints. Replace score()
by your own. Needs a C++ compiler (c++, or the one that CXX names).
"""
import argparse
import json
import math
import os
import subprocess
import tempfile


def run(program_path):
    """What the program prints; raises RuntimeError with the compiler's or the program's words."""
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "program")
        compiler = os.environ.get("CXX", "c++")
        built = subprocess.run([compiler, "-O2", "-o", binary, program_path],
                               capture_output=True, text=True, timeout=60)
        if built.returncode != 0:
            raise RuntimeError("does not compile: " + built.stderr[:2000])
        ended = subprocess.run([binary], capture_output=True, text=True, timeout=10)
        if ended.returncode != 0:
            raise RuntimeError("exited with %d: %s" % (ended.returncode, ended.stderr[:2000]))
        return ended.stdout


def score(printed):
    """metrics.json: combined_score is what counts, higher is better; `public` is shown with it."""
    x, y = (float(word) for word in printed.split())
    if not (math.isfinite(x) and math.isfinite(y)):
        raise RuntimeError("both numbers must be finite")
    # Rosenbrock's valley, upside down: the best score is 0, at (1, 1).
    value = -((1 - x) ** 2 + 100 * (y - x * x) ** 2)
    return {"combined_score": value, "public": {"x": x, "y": y}, "private": {}}


def write(folder, name, value):
    """Under a temporary name first, so that nobody reads half a file."""
    path = os.path.join(folder, name)
    with open(path + ".tmp", "w", encoding="utf-8") as out:
        json.dump(value, out)
    os.replace(path + ".tmp", path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program_path", required=True)
    parser.add_argument("--results_dir", required=True)
    arguments = parser.parse_args()
    metrics, correct, error = {"combined_score": 0.0}, False, None
    try:
        metrics = score(run(arguments.program_path))
        correct = True
    except (RuntimeError, ValueError, subprocess.TimeoutExpired) as failure:
        error = str(failure)
    write(arguments.results_dir, "metrics.json", metrics)
    write(arguments.results_dir, "correct.json", {"correct": correct, "error": error})
)py";

constexpr std::string_view kTaskConfig = R"(# @package _global_
# A run of this task: genesis_launch --config-dir {folder} task={name} variant=default
# Paths are relative to the folder that genesis_launch is started in.
evo_config:
  init_program_path: {folder}/initial.{extension}
  language: {language}
  task_sys_msg: |
    Say here what the program is for and what makes it better; language models read it.

# Where every cluster option looks for the evaluator.
distributed_job_config:
  eval_program_path: {folder}/evaluate.py
job_config:
  time: "00:01:00"

exp_name: {name}
)";

constexpr std::string_view kReadme = R"(# {name}

A task for Genesis.

| file | what it is |
|---|---|
| `initial.{extension}` | the program that evolves, between its EVOLVE-BLOCK markers |
| `evaluate.py` | scores a program: writes `metrics.json` and `correct.json` |
| `task/{name}.yaml` | the configuration of a run |

From the folder in which this task was made:

```sh
genesis check {folder}                                  # one evaluation, with timing and advice
genesis_launch --config-dir {folder} task={name} variant=default output_dir=results/{name}
genesis show results/{name}
```

To make it yours: change `solve` in the program, `validate` and `score` in the evaluator, and run
`genesis check` again.
)";

struct Template {
  std::string_view language;
  std::string_view program;
  std::string_view evaluator;
};

constexpr Template kTemplates[] = {{"python", kPythonProgram, kPythonEvaluator},
                                   {"cpp", kCppProgram, kCppEvaluator}};

}  // namespace

std::vector<std::string> template_languages() {
  std::vector<std::string> names;
  for (const Template& known : kTemplates) names.emplace_back(known.language);
  return names;
}

Result<std::vector<TemplateFile>> task_template(std::string_view language, const std::string& name,
                                                const std::string& folder) {
  const Language* found = find_language(language);
  const std::string wanted = found != nullptr ? found->name : std::string(language);
  for (const Template& known : kTemplates) {
    if (known.language != wanted) continue;
    const auto fill = [&](std::string_view text) {
      return fmt::format(fmt::runtime(text), fmt::arg("name", name), fmt::arg("folder", folder),
                         fmt::arg("language", wanted),
                         fmt::arg("extension", find_language(wanted)->extension));
    };
    return std::vector<TemplateFile>{
        {"initial." + find_language(wanted)->extension, std::string(known.program)},
        {"evaluate.py", std::string(known.evaluator)},
        {"task/" + name + ".yaml", fill(kTaskConfig)},
        {"README.md", fill(kReadme)},
    };
  }
  const std::vector<std::string> names = template_languages();
  const std::string hint = did_you_mean(language, names);
  return make_error(
      ErrorKind::invalid_argument,
      fmt::format("init: there is no template for '{}'{} Templates: {}. Any other language evolves "
                  "too: start from one of these and change the program and its evaluator",
                  language, hint.empty() ? "." : hint, join(names, ", ")));
}

}  // namespace genesis::cli
