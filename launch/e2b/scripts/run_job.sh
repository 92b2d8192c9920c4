# Runs one job in a sandbox: genesis/launch/e2b/job_wrapper.h says what it promises.
# run_job.sh FOLDER MARK LIMIT GRACE LOG_CAP INLINE_CAP CWD ULIMITS COMMAND...
@GENESIS_JOB_FUNCTIONS@
folder=$1 mark=$2 limit=$3 grace=$4 log_cap=$5 inline_cap=$6 cwd=$7 ulimits=$8
shift 8
state=$folder/state/$mark
work=$folder/jobs/$mark
results=$work/results

# Ends what the job has started and counts in `left` and `strangers` what is still there: processes
# of its session or with its token, and others that were not there when the sandbox was prepared.
end_the_rest() {
  left=0
  strangers=0
  for entry in /proc/[0-9]*; do
    pid=${entry#/proc/}
    case " $known $$ " in *" $pid "*) continue ;; esac
    { read -r stat <"$entry/stat"; } 2>/dev/null || continue
    # After the name: state, parent, group, session, terminal, its group, flags.
    set -- ${stat##*) }
    case $1 in Z | X) continue ;; esac
    [ "$2" = "$$" ] && continue
    [ $(($7 & 2097152)) -ne 0 ] && continue # The kernel's own.
    if [ "$4" = "$leader" ] || grep -qzxF "GENESIS_ATTEMPT_TOKEN=$GENESIS_ATTEMPT_TOKEN" \
      "$entry/environ" 2>/dev/null; then
      kill -KILL "$pid" 2>/dev/null
      left=$((left + 1))
    else
      strangers=$((strangers + 1))
    fi
  done
}

# The list of result files as JSON: [size,"name"],… Names that are not printable are left out.
list_results() {
  (
    cd "$results" || exit
    LC_ALL=C find . -type f ! -name '*[! -~]*' ! -path '*[! -~]*' -exec stat -c '%s %n' {} + |
      head -n 5000 | LC_ALL=C sed 's/[\\"]/\\&/g; s/^\([0-9]*\) \.\/\(.*\)$/[\1,"\2"],/' | tr -d '\n'
  ) 2>/dev/null
}

# A small result goes with the answer: no request of its own.
show() {
  [ -f "$results/$1" ] && [ ! -L "$results/$1" ] || return 0
  size=$(wc -c <"$results/$1") || return 0
  [ "$size" -le "$inline_cap" ] || return 0
  printf 'file %s %s\n' "$((size))" "$1"
  head -c "$size" "$results/$1"
  printf '\n'
}

umask 022
known=
{ while read -r line; do known="$known $line"; done <"$folder/baseline"; } 2>/dev/null
for old in "$folder"/jobs/* "$folder"/state/*; do
  case $old in "$work" | "$state") ;; *) rm -rf "$old" ;; esac
done
rm -rf "$results"
mkdir -p "$state" "$results" || exit 125
rm -f "$state/exit.json" "$state/timed_out"
echo "$$" >"$state/pid.new" && mv -f "$state/pid.new" "$state/pid"
for shared in "$folder/shared/current/files"/* "$folder/shared/current/files"/.[!.]*; do
  [ -e "$shared" ] && ln -s "$shared" "$work/" 2>/dev/null
done

count_oom
oom_before=$oom
uptime_ms began
(
  cd "$cwd" || exit 126
  eval "$ulimits"
  exec setsid "$@"
) </dev/null >"$results/job_log.out" 2>"$results/job_log.err" &
leader=$!
trap on_term TERM
if [ "$limit" != 0 ]; then
  (
    trap - TERM
    pause "$limit"
    : >"$state/timed_out"
    kill -TERM "$$"
  ) >/dev/null 2>&1 &
  watch=$!
fi
while :; do
  wait "$leader"
  code=$?
  kill -0 "$leader" 2>/dev/null || break
done
uptime_ms ended
[ -e "$state/timed_out" ] && timed_out=1 || timed_out=0
trap '' TERM
for helper in "-$leader" ${watch-} ${killer-}; do
  kill -KILL "$helper" 2>/dev/null
done
tries=0
while end_the_rest && [ "$left" -gt 0 ] && [ "$tries" -lt 100 ]; do
  tries=$((tries + 1))
  pause 0.02
done
count_oom
[ -n "$oom" ] && [ -n "$oom_before" ] && oom=$((oom - oom_before)) || oom=null
times >"$state/times"
{ read -r _; read -r cpu; } <"$state/times"
cut_log "$results/job_log.out"
cut_log "$results/job_log.err"
record=$(printf '{"v":1,"code":%s,"timed_out":%s,"wall_ms":%s,"cpu":"%s","oom":%s,"left":%s,"strangers":%s,"files":[%snull]}' \
  "$code" "$timed_out" "$((ended - began))" "$cpu" "$oom" "$left" "$strangers" "$(list_results)")
printf '%s\n' "$record" >"$state/exit.new" && mv -f "$state/exit.new" "$state/exit.json"
printf '%s\n' "$record"
show metrics.json
show correct.json
show job_log.out
show job_log.err
