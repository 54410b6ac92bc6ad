# Runs the kubelet. It sets these sysctls for the whole machine, unless they are
# as it wants; so it sees files that are. It has them in a mount namespace of its
# own, which shares all other mounts with the node: where something is mounted
# below /proc, no /proc can be mounted in a user namespace.
# usage: unshare --mount --propagation unchanged sh -c "$SCRIPT" kubelet FOLDER KUBELET ARGUMENT...
set -eu
dir=$1
shift
mount --make-private /proc
mkdir -p "$dir/sysctl"
sysctl() {
	file=$dir/sysctl/$(echo "$1" | tr / .)
	echo "$2" >"$file"
	mount --bind "$file" "/proc/sys/$1"
}
sysctl vm/overcommit_memory 1
sysctl vm/panic_on_oom 0
sysctl kernel/panic 10
sysctl kernel/panic_on_oops 1
sysctl kernel/keys/root_maxkeys 1000000
sysctl kernel/keys/root_maxbytes 25000000
exec "$@"
