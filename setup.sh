#!/usr/bin/env bash
# One entry for people and for CI: installs what is missing, builds, runs. See `./setup.sh help`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$PWD
jobs=${GENESIS_JOBS:-$(nproc)}

# As apt writes dependencies: `a | b (>= version)` is what Debian 12 has, then what later releases have.
packages=(build-essential cmake ninja-build ccache mold pkg-config
  'libboost1.81-dev | libboost-dev (>= 1.81)' 'libboost1.81-dev | libboost-url-dev (>= 1.82)' libtbb-dev nlohmann-json3-dev libyaml-cpp-dev libssl-dev libsqlite3-dev
  libsqlitecpp-dev libspdlog-dev libfmt-dev libcli11-dev libexpected-dev libdtl-dev libxxhash-dev zlib1g-dev
  libzstd-dev libgtest-dev libgmock-dev python3 python3-venv)
fuzz_packages=(clang 'libclang-rt-14-dev | libclang-rt-dev')
tool_packages=(clang-format git)
test_packages=(openssl python3-jsonschema rustc)
# The tests' cluster, and its accounting: programs only, no service of this machine.
slurm_packages=(slurm-client slurmctld slurmd)
accounting_packages=(slurmdbd mariadb-server-core mariadb-client-core)

say() { printf '== %s\n' "$*"; }
fail() { printf 'setup.sh: %s\n' "$*" >&2; exit 1; }

usage() {
  cat <<'TXT'
./setup.sh demo     install what is missing, build, evolve circle packing (n = 26); again: goes on
./setup.sh test     the same, then the whole test suite (what CI runs)
./setup.sh build [release|debug|asan|tsan|fuzz]
./setup.sh package  a tarball that runs without apt, without root and without this checkout
./setup.sh bench    all benchmarks; tables on the screen, JSON below build/bench/
./setup.sh bench demo_quality   the demo with ten seeds, an hour: how many reach 2.2
./setup.sh soak     the long tests: ten minutes of fuzzing per target, random kills, an hour of chaos
./setup.sh format   clang-format over all sources
./setup.sh sdks     the official E2B SDKs that the sandbox server is tested with, below .venv
./setup.sh lint     format, include directions, sizes, unfinished words
TXT
}

# as_root PACKAGES COMMAND...: the packages are what the command is for.
as_root() {
  local wanted=$1
  shift
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "packages are missing, and neither root nor sudo is at hand to install them. As root:
  apt-get update && apt-get satisfy --no-install-recommends '$wanted'"
  fi
}

# One alternative, `name` or `name (>= version)`, at hand?
installed() {
  local name=${1%% *} least='' status version
  [[ $1 != *'(>= '* ]] || least=${1#*'(>= '} least=${least%)}
  read -r status version < <(dpkg-query -W -f='${db:Status-Status} ${Version}\n' "$name" 2>/dev/null) || return 1
  [ "$status" = installed ] && { [ -z "$least" ] || dpkg --compare-versions "$version" ge "$least"; }
}

satisfied() {
  local rest=$1
  while [[ $rest == *' | '* ]]; do
    installed "${rest%%' | '*}" && return
    rest=${rest#*' | '}
  done
  installed "$rest"
}

need_packages() {
  command -v dpkg-query >/dev/null || fail "this script installs Debian packages; elsewhere see docs/building.md"
  local missing=() wanted list
  for wanted in "$@"; do satisfied "$wanted" || missing+=("$wanted"); done
  [ ${#missing[@]} = 0 ] && return
  printf -v list '%s, ' "${missing[@]}"
  list=${list%, }
  say "installing: $list"
  as_root "$list" env DEBIAN_FRONTEND=noninteractive apt-get update -qq ||
    fail "'apt-get update' as root failed (its reason is above); wanted: $list"
  # --no-remove: Debian's SciPy and Boost 1.81 exclude each other; nothing of the person's is removed
  # without their word.
  as_root "$list" env DEBIAN_FRONTEND=noninteractive apt-get satisfy -y -qq --no-install-recommends \
    --no-remove "$list" >/dev/null || fail "apt could not install these packages (its reason is above): $list
If it would have to remove Debian's python3-scipy: that needs Boost 1.74's headers, which exclude Boost
1.81's. Remove it ('apt-get remove python3-scipy libboost1.74-dev') and use SciPy from a virtual
environment."
}

# Debian starts what it installs, and munge comes with SLURM: neither now nor at the next start of the
# machine. Where they are at hand already, their services are their owner's business.
need_stopped() {  # <package>...
  local wanted service policy=/usr/sbin/policy-rc.d made=0 failed=0 idle=()
  for wanted in "$@"; do installed "$wanted" || break; done
  installed "$wanted" && return
  for service in munge slurmctld slurmd slurmdbd; do installed "$service" || idle+=("$service"); done
  if [ ! -e "$policy" ]; then
    as_root "$*" sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
    made=1
  fi
  (need_packages "$@") || failed=1
  [ "$made" = 0 ] || as_root "$*" rm -f "$policy"
  [ "$failed" = 0 ] || return 1
  [ -d /run/systemd/system ] || return 0
  for service in "${idle[@]}"; do ! installed "$service" || as_root "$*" systemctl --quiet disable "$service"; done
}

need_slurm() {
  need_stopped "${slurm_packages[@]}" || return
  need_stopped "${accounting_packages[@]}" ||
    say "without SLURM's accounting: the tests that need it are skipped, and counted"
}

# Evaluators run in a virtual environment with numpy: never in the system's Python.
need_python() {
  local marker=.venv/.genesis-ready base=/usr/bin/python3
  [ -f "$marker" ] && .venv/bin/python3 -c 'import numpy' 2>/dev/null && return
  [ -x "$base" ] || base=python3
  say "making .venv with numpy"
  rm -rf .venv
  "$base" -m venv .venv
  .venv/bin/python3 -m pip install --quiet --disable-pip-version-check numpy
  touch "$marker"
}

# One package of PyPI or npm with what it asks for, alone in its folder below .venv.
python_sdk() {  # <package> <version> <folder>
  [ -f "$3/.genesis-ready" ] && return
  say "installing $1 $2 into $3"
  rm -rf "$3"
  .venv/bin/python3 -m pip install --quiet --disable-pip-version-check --target "$3" "$1==$2"
  touch "$3/.genesis-ready"
}

js_sdk() {  # <package> <version> <folder>
  [ -f "$3/.genesis-ready" ] && return
  say "installing $1 $2 for JavaScript into $3"
  rm -rf "$3"
  mkdir -p "$3"
  echo '{"private": true}' >"$3/package.json"
  (cd "$3" && npm install --silent --no-audit --no-fund --ignore-scripts "$1@$2")
  touch "$3/.genesis-ready"
}

# The official E2B SDKs, their newest versions and those before the last change of the wire: judges of the
# sandbox server, unmodified. Beside .venv's own packages, since only one version could be among them.
need_sdks() {
  local version
  for version in 2.63.0 2.45.1; do python_sdk e2b "$version" ".venv/e2b-$version"; done
  python_sdk e2b-code-interpreter 2.11.5 .venv/e2b-code-interpreter-2.11.5
  # Node from elsewhere than Debian brings its own npm, which excludes Debian's.
  { command -v node && command -v npm; } >/dev/null || need_packages nodejs npm
  for version in 2.51.0 2.45.0; do js_sdk e2b "$version" ".venv/e2b-js-$version"; done
  js_sdk @e2b/code-interpreter 2.8.0 .venv/e2b-code-interpreter-js-2.8.0
}

# What slurm_bench has beside it.
need_peers() {
  python_sdk submitit 1.5.4 .venv/submitit-1.5.4
  python_sdk hyperqueue 0.27.0 .venv/hyperqueue-0.27.0
}

build() {
  local preset=$1
  shift
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  cmake --preset "$preset" >"build-$preset.log" 2>&1 || { cat "build-$preset.log"; rm -f "build-$preset.log"; fail "configuring $preset failed"; }
  rm -f "build-$preset.log"
  cmake --build --preset "$preset" -j "$jobs" "$@"
}

demo() {
  need_packages "${packages[@]}"
  need_python
  build release --target genesis_tool genesis_launch_program
  export GENESIS_HOME=$root
  local run=results/circle_packing/demo
  say "evolving circle packing; results in $run; Ctrl-C stops, the same command goes on"
  build/release/bin/genesis_launch variant=circle_packing_example output_dir="$run" "$@"
  build/release/bin/genesis verify circle-packing "$run"
}

# The programs with their libraries and data, to be unpacked anywhere: see docs/building.md.
package() {
  need_packages "${packages[@]}"
  build release --target package_tarball
  say "made $(ls -t build/release/package/*.tar.gz | head -1)"
}

run_ctest() {
  local preset=$1
  shift
  local failed=0
  GENESIS_PYTHON=$root/.venv/bin/python3 ctest --test-dir "build/$preset" --output-on-failure -j "$jobs" "$@" ||
    failed=$?
  skips "$preset"
  return "$failed"
}

# ctest calls a program passed in which single tests were skipped: they are named here, with their reasons.
skips() {
  local found
  found=$(awk '/: Skipped$/ { getline why } / \.\.\. skipped / { print "  " $0 }
    /^\[  SKIPPED \] .* ms\)$/ { print "  " $4 ": " why }' "build/$1/Testing/Temporary/LastTest.log")
  [ -z "$found" ] || say "skipped: $(wc -l <<<"$found")"$'\n'"$found"
}

fuzz_targets() { find build/fuzz/bin -maxdepth 1 -name 'fuzz_*' -type f -perm -u+x | sort; }

# One target with its own corpus and the committed one; what it prints is shown only when it fails.
fuzz_one() {
  local target=$1 seconds=$2 name corpus folders
  name=$(basename "$target")
  corpus=tests/fuzz/corpus/${name#fuzz_}
  folders=("build/fuzz/corpus/$name")
  [ -d "$corpus" ] && folders+=("$corpus")
  mkdir -p "build/fuzz/corpus/$name"
  say "$name, $seconds s"
  "$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -verbosity=0 -print_final_stats=0 \
    -artifact_prefix="build/fuzz/$name-" "${folders[@]}" >"build/fuzz/$name.log" 2>&1 ||
    { cat "build/fuzz/$name.log"; fail "$name found something: build/fuzz/$name-*"; }
}

# The targets are dealt out to as many rows as there are cores.
run_fuzz() {
  local seconds=$1 row targets rows=() failed=0
  need_packages "${fuzz_packages[@]}"
  build fuzz --target fuzz_targets
  mapfile -t targets < <(fuzz_targets)
  for ((row = 0; row < jobs; row++)); do
    fuzz_row "$row" "$seconds" "${targets[@]}" &
    rows+=($!)
  done
  for row in "${rows[@]}"; do wait "$row" || failed=1; done
  [ "$failed" = 0 ] || fail "a fuzz target found something: see above"
}

fuzz_row() {
  local place=$1 seconds=$2
  shift 2
  for ((; place < $#; place += jobs)); do fuzz_one "${@:place+1:1}" "$seconds"; done
}

timed() {
  local name=$1 before=$SECONDS
  shift
  say "$name"
  "$@"
  printf '%s\t%s s\n' "$name" "$((SECONDS - before))" >>build/test-times.tsv
}

tests() {
  need_packages "${packages[@]}" "${tool_packages[@]}" "${test_packages[@]}"
  need_slurm || say "without SLURM: the tests that need it are skipped, and counted"
  need_python
  need_sdks
  mkdir -p build
  : >build/test-times.tsv
  timed "lint" lint
  timed "release build" build release
  timed "release tests" run_ctest release
  timed "asan build" build asan --target sanitized_tests
  timed "asan tests" run_ctest asan -L 'unit|contract|fault'
  timed "tsan build" build tsan --target concurrent_tests
  timed "tsan tests" run_ctest tsan -L concurrent
  timed "fuzz smoke" run_fuzz "${GENESIS_FUZZ_SECONDS:-20}"
  say "where the time went"
  cat build/test-times.tsv
}

# What sandboxd_bench measures file transfers against. Unpacked, not installed: the package would start a server.
need_nginx() {
  command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || [ -x build/nginx/usr/sbin/nginx ] && return
  say "unpacking nginx into build/nginx"
  mkdir -p build/nginx
  (cd build/nginx && apt-get download -qq nginx && dpkg-deb -x nginx_*.deb . && rm nginx_*.deb) ||
    say "no nginx: sandboxd_bench takes a bare loop in its place"
}

bench() {
  need_packages "${packages[@]}"
  need_python
  .venv/bin/python3 -c 'import scipy' 2>/dev/null || .venv/bin/python3 -m pip install --quiet --disable-pip-version-check scipy
  build release
  need_nginx
  need_sdks
  mkdir -p build/bench
  export GENESIS_HOME=$root GENESIS_PYTHON=$root/.venv/bin/python3
  if [ "${1:-}" = demo_quality ]; then # an hour: only when asked for
    tests/bench/demo_quality.py build/bench/demo_quality.json "${@:2}"
    return
  fi
  local program
  for program in build/release/bin/*_bench; do
    say "$(basename "$program")"
    "$program" "build/bench/$(basename "$program" _bench).json"
  done
  if need_slurm; then
    need_peers || say "without the peers of slurm_bench"
    say "slurm_bench"
    tests/bench/slurm_bench.py build/bench/slurm.json --long
  else say "without SLURM: slurm_bench is left out"
  fi
  say "ten minutes of chaos between a run and its sandboxes"
  GENESIS_BIN=$root/build/release/bin GENESIS_CHAOS_SECONDS=600 \
    python3 tests/system/e2b_chaos_test.py E2BChaosTest.test_all_of_them
}

soak() {
  need_packages "${packages[@]}" "${test_packages[@]}"
  need_slurm
  need_python
  need_sdks
  build release
  GENESIS_SOAK=1 run_ctest release -L 'fault|system'
  run_fuzz 600
}

sources() { git ls-files -- '*.cpp' '*.h' '*.c'; }
# Other versions of clang-format disagree with 14, which Debian 12 packages and later releases lack.
formatter() { clang-format --version | grep -q 'version 14\.'; }
format() {
  need_packages "${tool_packages[@]}"
  formatter || fail "the sources are formatted by clang-format 14; this is $(clang-format --version)"
  sources | xargs clang-format -i
}
lint() {
  need_packages "${tool_packages[@]}"
  if formatter; then sources | xargs clang-format --dry-run --Werror
  else say "format not checked: that takes clang-format 14, this is $(clang-format --version)"
  fi
  tests/support/check_sources.py
}

case "${1:-help}" in
  demo | package | bench | soak | format | lint) command=$1; shift; "$command" "$@" ;;
  test) shift; tests "$@" ;;
  build)
    need_packages "${packages[@]}"
    if [ "${2:-release}" = fuzz ]; then
      need_packages "${fuzz_packages[@]}"
      build fuzz --target fuzz_targets # programs have a main of their own: nothing to fuzz
    else
      build "${2:-release}"
    fi
    ;;
  sdks) need_packages python3 python3-venv && need_python && need_sdks ;;
  help | -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
