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
mkdir -p "$dir/lib" "$dir/log" "$dir/opt" "$dir/bin"
mount --bind "$dir/etc" /etc
mount --bind "$dir/lib" /var/lib
mount --bind "$dir/log" /var/log
mount --bind "$dir/opt" /opt
mount --bind "$dir/bin" /usr/local/bin

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
