#!/bin/sh
# base.sh OUT PACKAGE,...: Debian's root filesystem in OUT/rootfs.tar, and the
# policy sources of its SELinux in OUT/selinux.tar.
#
# It runs in mount and pid namespaces of its own, so that nothing is left of it.
set -eu
out=$1 packages=$2
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' | grep -v security | head -n 1)

mount -t tmpfs -o size=4G,mode=755 tmpfs /mnt
debootstrap --variant=minbase --include="$packages" bookworm /mnt/root "$mirror" >"$out/debootstrap.log" 2>&1 ||
	{ tail -n 5 "$out/debootstrap.log" >&2; exit 1; }
# container_t, spc_t and the domains of container runtimes are not in Debian's
# binary policy, only among its sources.
mkdir /mnt/source
cd /mnt/source
apt-get download -qq selinux-policy-src >/dev/null
dpkg-deb -x selinux-policy-src_*.deb .
zstd -dcq usr/src/selinux-policy-src.tar.zst >"$out/selinux.tar"

rm -rf /mnt/root/var/cache/apt/archives/*.deb /mnt/root/var/lib/apt/lists/* /mnt/root/boot/initrd*
find /mnt/root/usr/share/doc /mnt/root/usr/share/man -type f -delete
tar -C /mnt/root --numeric-owner -cf "$out/rootfs.tar" --exclude='./dev/*' .
