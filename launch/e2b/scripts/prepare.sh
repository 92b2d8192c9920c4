# Puts what all jobs share into a sandbox and notes which processes were there before any of them.
# prepare.sh FOLDER HASH
set -e
umask 022
folder=$1 hash=$2
mkdir -p "$folder/state" "$folder/jobs" "$folder/shared"
rm -rf "$folder/shared/$hash"
mkdir "$folder/shared/$hash"
tar -xf "$folder/$hash.tar" -C "$folder/shared/$hash"
rm -f "$folder/$hash.tar"
[ ! -d "$folder/shared/$hash/absolute" ] || cp -R "$folder/shared/$hash/absolute/." /
ln -sfn "$hash" "$folder/shared/current"
for entry in /proc/[0-9]*; do
  pid=${entry#/proc/}
  [ "$pid" = "$$" ] || echo "$pid"
done >"$folder/baseline"
command -v setsid >/dev/null || { echo "there is no setsid (util-linux)" >&2; exit 1; }
