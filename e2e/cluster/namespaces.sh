# The first process of a cluster's namespaces: makes the node's own paths and
# its network, and then reaps what is orphaned.
# usage: sh -c "$SCRIPT" init FOLDER ADDRESS HOSTNAME
set -eu
dir=$1
mount --make-rshared /
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/lock

# Private, and empty but for /etc.
cp -a /etc "$dir/etc"
mkdir -p "$dir/lib" "$dir/log" "$dir/opt" "$dir/bin" "$dir/sysctl"
mount --bind "$dir/etc" /etc
mount --bind "$dir/lib" /var/lib
mount --bind "$dir/log" /var/log
mount --bind "$dir/opt" /opt
mount --bind "$dir/bin" /usr/local/bin

# The kubelet sets these for the whole machine, unless they are as it wants.
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

hostname "$3"
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link set lo up
ip link add name node0 type bridge
ip address add "$2/24" dev node0
ip link set node0 up

touch "$dir/ready"
while :; do
	sleep 3600 &
	wait $!
done
