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
    # A sleep of our own: those who wait for it are stopped.
    case " $2 " in " ${watch-} " | " ${killer-} ") kill -KILL "$pid" 2>/dev/null; continue ;; esac
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

# The result files as JSON in `files`: [size,"name"],… and in `shown` those that may go with the
# answer, as "size:name". Names that are not printable are left out. Each process counts, when hundreds
# of sandboxes share a machine: a flat folder of few files takes one.
list_results() {
  files=
  shown=
  set --
  for file in * .[!.]* ..?*; do
    case $file in *[!' '-~]*) continue ;; esac
    [ -L "$file" ] && continue
    case $file in *[\\\"]*) list_tree; return ;; esac
    [ -d "$file" ] && { list_tree; return; }
    [ -f "$file" ] && [ -r "$file" ] && set -- "$@" "$file"
    [ "$#" -gt 50 ] && { list_tree; return; }
  done
  [ "$#" = 0 ] && return
  while read -r size name; do
    [ "$#" = 0 ] && break # The total.
    [ "$name" = "$1" ] || { list_tree; return; }
    files="$files[$size,\"$name\"],"
    may_be_shown "$size" "$name"
    shift
  done <<SIZES
$(wc -c -- "$@")
SIZES
}

list_tree() {
  files=$(
    exec 2>/dev/null
    find . -type f ! -name '*[! -~]*' ! -path '*[! -~]*' -exec stat -c '%s %n' {} + |
      head -n 5000 | sed 's/[\\"]/\\&/g; s/^\([0-9]*\) \.\/\(.*\)$/[\1,"\2"],/' | tr -d '\n'
  )
  shown=
  for name in metrics.json correct.json job_log.out job_log.err; do
    [ -f "$name" ] && [ ! -L "$name" ] && may_be_shown "$(($(wc -c <"$name")))" "$name"
  done
}

may_be_shown() {
  case $2 in
    metrics.json | correct.json | job_log.out | job_log.err) ;;
    *) return ;;
  esac
  [ "$1" -le "$inline_cap" ] && shown="$shown $1:$2"
}

# True: a log was longer than it may be, and no longer is.
cut_logs() {
  cut=1
  for log in job_log.out job_log.err; do
    case $files in *",\"$log\"]"*) ;; *) continue ;; esac
    size=${files%",\"$log\"]"*}
    [ "${size##*\[}" -le "$log_cap" ] && continue
    tail -c "$log_cap" "$log" >"$log.cut" && mv -f "$log.cut" "$log" && cut=0
  done
  return "$cut"
}

# $2 of $1 bytes becomes `text`, where it is plain text: no process for a few lines.
read_text() {
  text=
  while IFS= read -r line; do
    text=$text$line$newline
    line=
  done <"$2"
  text=$text$line
  case $text in *[!' '-~"$newline"]*) return 1 ;; esac
  [ "${#text}" = "$1" ]
}

# A small result goes with the answer: no request of its own.
show() {
  printf 'file %s %s\n' "$1" "$2"
  if [ "$1" -le 1000 ] && read_text "$1" "$2"; then
    printf '%s\n' "$text"
  else
    head -c "$1" "$2"
    printf '\n'
  fi
}

# What other jobs left, and an earlier try of this one. Of most jobs the folders came with their files.
make_room() {
  set --
  [ -e "$state/pid" ] && set -- "$results" "$state/exit.json" "$state/timed_out"
  for old in "$folder"/jobs/* "$folder"/state/*; do
    case $old in "$work" | "$state" | *'/*') ;; *) set -- "$@" "$old" ;; esac
  done
  [ "$#" = 0 ] || rm -rf "$@"
  { [ -d "$state" ] && [ -d "$results" ]; } || mkdir -p "$state" "$results"
}

umask 022
newline='
'
known=
{ while read -r line; do known="$known $line"; done <"$folder/baseline"; } 2>/dev/null
make_room || exit 125
echo "$$" >"$state/pid"
for shared in "${0%/*}/files"/* "${0%/*}/files"/.[!.]*; do
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
kill -KILL "-$leader" 2>/dev/null
for helper in ${watch-} ${killer-}; do
  kill -STOP "$helper" 2>/dev/null
done
tries=0
while end_the_rest && [ "$left" -gt 0 ] && [ "$tries" -lt 100 ]; do
  tries=$((tries + 1))
  pause 0.02
done
for helper in ${watch-} ${killer-}; do
  kill -KILL "$helper" 2>/dev/null
done
count_oom
[ -n "$oom" ] && [ -n "$oom_before" ] && oom=$((oom - oom_before)) || oom=null
times >"$state/times"
{ read -r _; read -r cpu; } <"$state/times"
LC_ALL=C
export LC_ALL
files=
shown=
if cd "$results" 2>/dev/null; then
  list_results
  cut_logs && list_results
fi
record="{\"v\":1,\"code\":$code,\"timed_out\":$timed_out,\"wall_ms\":$((ended - began)),\"cpu\":\"$cpu\","
record="$record\"oom\":$oom,\"left\":$left,\"strangers\":$strangers,\"files\":[${files}null]}"
printf '%s\n' "$record" >"$state/exit.new" && mv -f "$state/exit.new" "$state/exit.json"
printf '%s\n' "$record"
for item in $shown; do
  show "${item%%:*}" "${item#*:}"
done
