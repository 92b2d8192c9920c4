# Runs one job on a node of the cluster: launch/slurm/batch_script.h says what it promises.
# run_job.sh EVENTS MARK WORK LIMIT GRACE LOG_CAP CWD ULIMITS CLEANUP COMMAND...
@GENESIS_JOB_FUNCTIONS@
events=$1 mark=$2 work=$3 limit=$4 grace=$5 log_cap=$6 cwd=$7 ulimits=$8 cleanup=$9
shift 9
state=$work/.slurm
results=$work/results
leader=

# Each process counts where jobs are short: none where there is nothing to do.
cut_log() {
  [ -s "$1" ] || return
  size=$(wc -c <"$1") || return
  [ "$size" -le "$log_cap" ] && return
  tail -c "$log_cap" "$1" >"$1.cut" && mv -f "$1.cut" "$1"
}

# Processes of the job that left its session: those that carry its token. One grep for all of them; what
# gets away from that is ended by SLURM when this script ends.
strays() {
  grep -lzxF "GENESIS_ATTEMPT_TOKEN=$GENESIS_ATTEMPT_TOKEN" /proc/[0-9]*/environ 2>/dev/null |
    while IFS=/ read -r _ _ pid _; do
      case " $own " in *" $pid "*) continue ;; esac
      # The grep itself and this subshell: of our session.
      { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
      set -- ${stat##*) }
      case $1 in Z | X) continue ;; esac
      [ "$4" = "$session" ] && continue
      echo "$pid"
    done
}

umask 022
# Put back into the queue: what the first start left is none of the second's.
[ "${SLURM_RESTART_COUNT:-0}" = 0 ] || rm -rf "$results"
[ -d "$results" ] || mkdir -p "$results" || exit 125
for old in "$state/exit.json" "$state/timed_out"; do [ ! -e "$old" ] || rm -f "$old"; done
: >"$events/$mark.began" || exit 125
{ read -r stat </proc/self/stat; } 2>/dev/null # The shell's own: read is no process.
rest=${stat##*) } # state, parent, group, session …
rest=${rest#* } rest=${rest#* } rest=${rest#* }
session=${rest%% *}
own=$$

count_oom
oom_before=$oom
uptime_ms began
trap on_term TERM
(
  trap - TERM
  cd "$cwd" || exit 126
  eval "$ulimits"
  exec setsid "$@"
) </dev/null >"$results/job_log.out" 2>"$results/job_log.err" &
leader=$!
if [ "$limit" != 0 ]; then
  (
    alarm=
    trap 'kill -KILL "$alarm" 2>/dev/null; exit' TERM
    # By itself, so that what is killed is the sleep. Not every one knows fractions.
    sleep "$limit" 2>/dev/null &
    alarm=$!
    wait "$alarm"
    case $? in
      0) ;;
      1)
        sleep "$((${limit%.*} + 1))" &
        alarm=$!
        wait "$alarm" || exit
        ;;
      *) exit ;; # SLURM ends all processes of a job at once, this alarm too: that is no time limit.
    esac
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
# Whoever ends all processes of a job tells this one too, perhaps a moment later.
case $code in 137 | 143) [ -n "${killer-}" ] || pause 0.2 ;; esac
[ -e "$state/timed_out" ] && timed_out=1 || timed_out=0
[ -n "${killer-}" ] && stopped=1 || stopped=0
trap '' TERM
kill -KILL "-$leader" 2>/dev/null
[ -z "${watch-}" ] || kill -TERM "$watch" 2>/dev/null
[ -z "${killer-}" ] || kill -KILL "$killer" 2>/dev/null
tries=0
left=$(strays)
while [ -n "$left" ] && [ "$tries" -lt 100 ]; do
  kill -KILL $left 2>/dev/null
  tries=$((tries + 1))
  pause 0.02
  left=$(strays)
done
set -- $left
[ -z "$cleanup" ] || eval "$cleanup" >/dev/null 2>&1
count_oom
[ -n "$oom" ] && [ -n "$oom_before" ] && oom=$((oom - oom_before)) || oom=null
times >"$state/times"
{ read -r _; read -r cpu; } <"$state/times"
cut_log "$results/job_log.out"
cut_log "$results/job_log.err"
printf '{"v":1,"code":%s,"timed_out":%s,"stopped":%s,"wall_ms":%s,"cpu":"%s","oom":%s,"left":%s}\n' \
  "$code" "$timed_out" "$stopped" "$((ended - began))" "$cpu" "$oom" "$#" >"$state/exit.new" || exit 125
# On the disk before it has its name: whoever finds it, on whatever node, finds all of it.
sync "$state/exit.new" 2>/dev/null
mv -f "$state/exit.new" "$state/exit.json" || exit 125
: >"$events/$mark.ended"
exit "$code"
