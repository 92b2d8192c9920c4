# False: it was ended before its time. Not every sleep knows fractions.
pause() {
  sleep "$1" 2>/dev/null && return
  [ $? -gt 128 ] && return 1
  sleep 1
}

# $1 becomes the time since boot in milliseconds: centiseconds without a leading zero.
uptime_ms() {
  read -r up _ </proc/uptime
  eval "$1=$((${up%.*} * 1000 + (1${up#*.} - 100) * 10))"
}

# The number of times that the kernel ended something here for memory, where that can be read.
count_oom() {
  oom=
  group=
  { while IFS=: read -r _ kind path; do
      case $kind in '' | memory) group=$path ;; esac
    done </proc/self/cgroup; } 2>/dev/null
  for file in "/sys/fs/cgroup$group/memory.events" /sys/fs/cgroup/memory.events \
    "/sys/fs/cgroup/memory$group/memory.oom_control" /sys/fs/cgroup/memory/memory.oom_control; do
    [ -r "$file" ] || continue
    while read -r key value; do
      [ "$key" = oom_kill ] && oom=$value
    done <"$file"
    [ -n "$oom" ] && return
  done
}

on_term() {
  kill -TERM "-$leader" 2>/dev/null
  [ -n "${killer-}" ] && return
  (
    trap '' TERM
    pause "$grace"
    kill -KILL "-$leader" 2>/dev/null
  ) &
  killer=$!
}
