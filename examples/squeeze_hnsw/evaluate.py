"""Scores an index for approximate nearest neighbours (initial.rs) by its size and by what a query reads.

Python's standard library and `rustc`, no more. The program is compiled as a crate without `std` and
without unsafe code below a harness of ours, so that it can neither read files nor write its own score:
it hands bytes over when it builds, and sees nothing but these bytes, counted, when it searches, in
another process. Whether its answers are right is decided here, by comparing all distances.
"""

import argparse
import heapq
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

VECTORS, QUERIES, DIM, K = 4000, 80, 32, 10
RECALL_WANTED = 0.90
RAW_BYTES = 4 * DIM  # of one vector as it comes

# Refused in a program: what gets at files, at the machine, or at what an earlier query has read.
FORBIDDEN = re.compile(r"(?<!')\b(unsafe|extern|static|path|include\w*|(?:option_)?env|(?:global_)?asm)\b")

CRATE = """#![no_std]
#![forbid(unsafe_code)]
#![allow(warnings)]
extern crate alloc;

pub mod index {
    /// The bytes of an index; what is read of them is counted.
    pub struct Index<'a> {
        bytes: &'a [u8],
        read: core::cell::Cell<u64>,
    }
    impl<'a> Index<'a> {
        pub fn new(bytes: &'a [u8]) -> Self {
            Index { bytes, read: core::cell::Cell::new(0) }
        }
        /// The `count` bytes from `at` on.
        pub fn bytes(&self, at: usize, count: usize) -> &'a [u8] {
            self.read.set(self.read.get() + count as u64);
            &self.bytes[at..at + count]
        }
        pub fn read(&self) -> u64 {
            self.read.get()
        }
    }
}

#[path = "candidate.rs"]
mod candidate;

pub fn build(vectors: &[f32], dim: usize) -> alloc::vec::Vec<u8> {
    candidate::build(vectors, dim)
}
pub fn search(index: &index::Index, query: &[f32], k: usize) -> alloc::vec::Vec<u32> {
    candidate::search(index, query, k)
}
"""

HARNESS = """use std::{convert::TryInto, env, fs, process};

fn ours<T>(result: std::io::Result<T>, what: &str) -> T {
    result.unwrap_or_else(|error| {
        eprintln!("{}: {}", what, error);
        process::exit(3)
    })
}

fn floats(name: &str) -> Vec<f32> {
    let bytes = ours(fs::read(name), name);
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

fn main() {
    let words: Vec<String> = env::args().collect();
    let dim: usize = words[2].parse().unwrap();
    if words[1] == "build" {
        let index = candidate::build(&floats("vectors"), dim);
        return ours(fs::write("index", index), "index");
    }
    let k: usize = words[3].parse().unwrap();
    let bytes = ours(fs::read("index"), "index");
    let index = candidate::index::Index::new(&bytes);
    let mut answers = Vec::new();
    for query in floats("queries").chunks_exact(dim) {
        let ids = candidate::search(&index, query, k);
        assert!(ids.len() == k, "{} answers to a query in place of {}", ids.len(), k);
        answers.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
    }
    answers.extend(index.read().to_le_bytes());
    ours(fs::write("answers", answers), "answers");
}
"""


class MachineFault(Exception):
    """Not the program's fault: no score."""


class Wrong(Exception):
    """The program's fault."""


def compiler(wanted):
    found = shutil.which(wanted)
    if found:
        return found
    raise MachineFault(
        "this task needs the Rust compiler, and there is no '%s' here. On Debian and Ubuntu: apt-get "
        "install rustc. In a sandbox: take a template that has it (job_config.template=NAME; `genesis "
        "sandbox templates` lists them). Elsewhere: name it, by --rustc PATH or "
        "+job_config.extra_cmd_args.rustc=PATH" % wanted)


def draw(seed, count):
    """Vectors around common centres, with coordinates that a 32-bit float holds."""
    numbers = random.Random(seed)

    def spread(width):
        return width * (sum(numbers.random() for _ in range(4)) - 2)

    place = random.Random(7)  # the same centres for vectors and queries
    centres = [[place.random() for _ in range(DIM)] for _ in range(40)]
    vectors = []
    for _ in range(count):
        centre = centres[int(numbers.random() * len(centres))]
        vectors.append([x + spread(0.25) for x in centre])
    packed = struct.pack("<%df" % (count * DIM), *(x for vector in vectors for x in vector))
    return packed, list(struct.iter_unpack("<%df" % DIM, packed))


def lower(what, soft, hard):
    """Sets a limit, or keeps the one that is there where it is lower."""
    most = resource.getrlimit(what)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(what, (soft, hard))


def limited(seconds):
    def limit():
        lower(resource.RLIMIT_CPU, seconds, seconds + 2)
        lower(resource.RLIMIT_AS, 4 << 30, 4 << 30)
        lower(resource.RLIMIT_CORE, 0, 0)
    return limit


def run(command, folder, seconds):
    """(exit status or None for too long, what it said)."""
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, start_new_session=True,
                               preexec_fn=limited(seconds))
    try:
        # Processor time is the limit; a busy machine may take longer for it.
        said = process.communicate(timeout=20 * seconds)[1].decode(errors="replace")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""
    return (None if process.returncode == -signal.SIGXCPU else process.returncode), said


def compile_program(rustc, program, folder):
    with open(program, encoding="utf-8", errors="replace") as file:
        text = file.read()
    refused = FORBIDDEN.search(text)
    if refused:
        raise Wrong("'%s' is not allowed in a program (line %d)"
                    % (refused.group(), text.count("\n", 0, refused.start()) + 1))
    for name, content in (("candidate.rs", text), ("crate.rs", CRATE), ("harness.rs", HARNESS)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(content)
    options = ["--edition", "2018", "-O"]
    status, said = run([rustc, *options, "--crate-type", "rlib", "--crate-name", "candidate",
                        "-o", "libcandidate.rlib", "crate.rs"], folder, 60)
    if status is None:
        raise Wrong("compiling took more than 60 s")
    if status != 0:
        raise Wrong("it does not compile: " + said[:3000])
    status, said = run([rustc, *options, "--extern", "candidate=libcandidate.rlib", "-o", "harness",
                        "harness.rs"], folder, 60)
    if status != 0:  # Ours and known to be right: the linker (a C compiler), the disk.
        raise MachineFault("the harness cannot be linked by %s: %s" % (rustc, said[:3000]))


def step(name, arguments, folder, seconds):
    status, said = run([os.path.join(folder, "harness"), name, *arguments], folder, seconds)
    if status == 3:
        raise MachineFault("%s: %s" % (name, said.strip()))
    if status is None:
        raise Wrong("%s took more than %d s" % (name, seconds))
    if status < 0:
        raise Wrong("%s ended by %s: %s" % (name, signal.Signals(-status).name, said[-1000:].strip()))
    if status != 0:
        raise Wrong("%s failed: %s" % (name, said[:1000].strip()))


def recall(answers, vectors, queries):
    """The share of the K nearest that were found; those equally far count as well."""
    found = 0
    for query, ids in zip(queries, answers):
        distances = [math.dist(query, vector) for vector in vectors]
        bound = heapq.nsmallest(K, distances)[-1]
        if max(ids) >= len(vectors):
            raise Wrong("search answered %d, and there are %d vectors" % (max(ids), len(vectors)))
        found += sum(distances[number] <= bound for number in set(ids))
    return found / (K * len(queries))


def evaluate(program, rustc, seconds):
    packed_vectors, vectors = draw(1, VECTORS)
    packed_queries, queries = draw(2 + int(os.environ.get("GENESIS_UNSEEN_SEED", 0)), QUERIES)
    with tempfile.TemporaryDirectory(prefix="squeeze-") as folder:
        def path(name):
            return os.path.join(folder, name)

        compile_program(compiler(rustc), program, folder)
        with open(path("vectors"), "wb") as file:
            file.write(packed_vectors)
        step("build", [str(DIM)], folder, seconds)
        os.unlink(path("vectors"))
        with open(path("queries"), "wb") as file:
            file.write(packed_queries)
        size = os.path.getsize(path("index")) / VECTORS
        step("search", [str(DIM), str(K)], folder, seconds)
        with open(path("answers"), "rb") as file:
            told = file.read()
    read = struct.unpack("<Q", told[-8:])[0] / QUERIES
    share = recall(list(struct.iter_unpack("<%dI" % K, told[:-8])), vectors, queries)
    # How many times smaller than the vectors as they come, how many times less is read than by looking
    # at each of them; their geometric mean.
    smaller, fewer = RAW_BYTES / max(size, 1e-9), VECTORS * RAW_BYTES / max(read, 1e-9)
    public = {"recall": round(share, 4), "bytes_per_vector": round(size, 3),
              "bytes_read_per_query": round(read, 1)}
    feedback = ("%.1f bytes per vector (%d as they come), %.0f bytes read per query (%d by looking at "
                "all), recall %.3f (%.2f wanted)" % (size, RAW_BYTES, read, VECTORS * RAW_BYTES, share,
                                                     RECALL_WANTED))
    metrics = {"combined_score": math.sqrt(smaller * fewer), "public": public, "private": {},
               "text_feedback": feedback}
    if share >= RECALL_WANTED:
        return metrics, True, None
    metrics["combined_score"] = 0.0
    return metrics, False, "recall %.3f is below %.2f" % (share, RECALL_WANTED)


def write(results_dir, name, value):
    """All or nothing: a temporary name, then a rename."""
    temporary = os.path.join(results_dir, "." + name)
    with open(temporary, "w") as file:
        json.dump(value, file)
    os.replace(temporary, os.path.join(results_dir, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program_path", default="initial.rs")
    parser.add_argument("--results_dir", default="results")
    parser.add_argument("--rustc", default="rustc", help="the compiler")
    parser.add_argument("--seconds", type=int, default=10, help="processor time of each step")
    arguments = parser.parse_args()
    os.makedirs(arguments.results_dir, exist_ok=True)
    try:
        metrics, correct, error = evaluate(arguments.program_path, arguments.rustc, arguments.seconds)
    except Wrong as wrong:
        metrics, correct, error = {"combined_score": 0.0, "text_feedback": str(wrong)}, False, str(wrong)
    except MachineFault as fault:
        print("evaluate.py: %s" % fault, file=sys.stderr)
        return 1
    write(arguments.results_dir, "metrics.json", metrics)
    write(arguments.results_dir, "correct.json", {"correct": correct, "error": error})
    return 0


if __name__ == "__main__":
    sys.exit(main())
