# Whether the run's folder is shared with this node: launch/slurm/folder_probe.h. Its head has set folder,
# nonce and most (tries). Codes: 41 the folder is not here, 42 it is another one, 43 it cannot be written to, 44 nobody answers.
tries=0
until [ "$(cat "$folder/ask" 2>/dev/null)" = "$nonce" ]; do
  tries=$((tries + 1))
  if [ "$tries" -ge "$most" ]; then
    [ -d "$folder" ] || exit 41
    exit 42
  fi
  sleep 0.4
done
put() {
  { printf '%s' "$2" >"$folder/$1.new" && mv -f "$folder/$1.new" "$folder/$1"; } 2>/dev/null || exit 43
}
now_ms() {
  read -r now _ </proc/uptime
  now=${now%.*}${now#*.}0
}
put seen "$nonce"
now_ms
began=$now
while [ "$(cat "$folder/reply" 2>/dev/null)" != "$nonce" ]; do
  now_ms
  [ $((now - began)) -lt 50000 ] || exit 44
  sleep 0.02
done
now_ms
put answer "$nonce $((now - began)) $(uname -n)
"
