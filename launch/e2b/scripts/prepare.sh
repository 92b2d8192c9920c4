# Unpacks what all jobs share and notes which processes were there before any of them.
# prepare.sh FOLDER SHARED
set -e
umask 022
folder=$1 shared=$2
tar -xf "$shared/bundle.tar" -C "$shared"
rm -f "$shared/bundle.tar"
[ ! -d "$shared/absolute" ] || cp -R "$shared/absolute/." /
for entry in /proc/[0-9]*; do
  pid=${entry#/proc/}
  [ "$pid" = "$$" ] || echo "$pid"
done >"$folder/baseline"
command -v setsid >/dev/null || { echo "there is no setsid (util-linux)" >&2; exit 1; }
