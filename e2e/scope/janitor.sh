# Undoes a scope: its processes, mounts, folder and cgroups.
# usage: sh -c "$SCRIPT" janitor FOLDER CGROUP...
#
# It waits until its standard input ends. That happens when the owner of the
# scope closes it, or dies in whatever way: a panic, a test timeout, Ctrl-C or
# SIGKILL. So there is one way to clean up, and it always runs.
trap '' INT TERM HUP
dir=$1
shift
read -r _

for cgroup; do
	[ ! -e "$cgroup/cgroup.kill" ] || echo 1 >"$cgroup/cgroup.kill"
done
for cgroup; do
	find "$cgroup" -name cgroup.procs -exec cat {} + 2>/dev/null
done | sort -u | xargs -r kill -9 2>/dev/null

# Shims keep their sockets in a folder that all containerds share; their bundles
# name them.
sed -n 's|.*unix://\(/run/containerd/s/[0-9a-f]*\).*|\1|p' \
	"$dir"/state/io.containerd.runtime.v2.task/*/*/address \
	"$dir"/state/io.containerd.runtime.v2.task/*/*/bootstrap.json 2>/dev/null | xargs -r rm -f

tries=0
while :; do
	awk -v dir="$dir" '$2 == dir || index($2, dir "/") == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
	rm -rf --one-file-system "$dir" 2>/dev/null
	for cgroup; do
		[ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
	done
	left=
	for path in "$dir" "$@"; do
		[ ! -e "$path" ] || left="$left $path"
	done
	[ -n "$left" ] || exit 0
	tries=$((tries + 1))
	if [ $tries -ge 100 ]; then
		echo "left behind:$left" >&2
		exit 1
	fi
	sleep 0.1
done
