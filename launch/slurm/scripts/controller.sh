# The runner as a job: launch/slurm/controller_script.h says what it promises. Its head has set folder, log,
# limit, patience, again (sbatch's arguments) and the runner's command as $@.

# The next job, which waits for the end of this one. This one's variables are none of its business.
go_on() {
  for try in 1 2 3; do
    next=$(
      for name in ${!SLURM_*} ${!SBATCH_*}; do [ "$name" = SLURM_CONF ] || unset "$name"; done
      sbatch --dependency="afterany:$job" "${again[@]}"
    ) && { echo "job $job: goes on as job ${next%%;*}"; return 0; }
    sleep 2
  done
  echo "job $job: sbatch does not work here; it asks to be requeued"
  scontrol requeue "$job" && return 0
  echo "job $job: nor does that; the same command goes on with the run: genesis slurm start ..."
  return 1
}

# Its evaluations outlive the runner: what is not drained in time is taken up by the next one.
hop() {
  [ -n "$hopping$stopping" ] && return
  hopping=1
  echo "job $job: makes room for the next"
  [ -n "$runner" ] || return
  kill -TERM "$runner" 2>/dev/null
  (
    alarm=
    trap '' USR1 INT
    trap 'kill -KILL "$alarm"; exit' TERM
    sleep "$patience" &
    alarm=$!
    wait "$alarm"
    kill -KILL "$runner"
  ) >/dev/null 2>&1 &
  watch=$!
}

stop() {
  stopping=1
  echo "job $job: stops"
  [ -n "$runner" ] && kill -TERM "$runner" 2>/dev/null
}

end_now() {
  # SLURM ends it. Because its time is over, and nobody said so before? Then it goes on.
  if [ "$SECONDS" -ge $((limit - 20)) ] && [ -z "$stopping" ]; then
    hopping=1
    [ -n "$runner" ] && kill -KILL "$runner" 2>/dev/null
    return
  fi
  hopping=
  stop
  # The second request, by another signal: one that is pending swallows its like.
  [ -n "$runner" ] && kill -HUP "$runner" 2>/dev/null
}

job=$SLURM_JOB_ID
hopping= stopping= runner= watch= conflicts=0
trap hop USR1
trap stop INT
trap end_now TERM

mkdir -p "$folder" || exit 1
if [ -f "$log" ] && [ "$(wc -c <"$log")" -gt 8000000 ]; then mv -f "$log" "$log.1"; fi
echo "$job $(uname -n) $(date -u +%Y-%m-%dT%H:%M:%SZ)" >>"$folder/hops"

while :; do
  # In a session of its own: what is sent to this script's group is not meant for it. TERM drains it as INT
  # would, which shells have background commands ignore.
  setsid "$@" >>"$log" 2>&1 </dev/null &
  runner=$!
  [ -n "$hopping$stopping" ] && kill -TERM "$runner" 2>/dev/null
  while :; do
    wait "$runner"
    code=$?
    [ "$code" -le 128 ] && break
    kill -0 "$runner" 2>/dev/null && continue
    # Not its own code, perhaps, but that of a wait which a signal cut short.
    wait "$runner" 2>/dev/null
    last=$?
    [ "$last" = 127 ] || code=$last
    break
  done
  runner=
  # The lock of a runner that was killed on another node is free a minute later.
  [ "$code" = 3 ] && [ "$conflicts" -lt 18 ] && [ -z "$hopping$stopping" ] || break
  conflicts=$((conflicts + 1))
  sleep 5
done
[ -z "$watch" ] || kill -TERM "$watch" 2>/dev/null
trap '' USR1 INT TERM
echo "job $job: the runner ended with code $code"
# 130: interrupted; 137, 143: killed; 3: the lock of the one before. All else is the run's own end.
case $code in
3 | 130 | 137 | 143) [ -z "$hopping" ] || { go_on; exit; } ;;
esac
[ -n "$stopping" ] && [ "$code" = 130 ] && exit 0
exit "$code"
