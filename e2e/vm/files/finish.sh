#!/bin/sh
# finish.sh BASE STAGE OUT: from Debian's root filesystem in BASE and the files
# in STAGE to a labelled disk in OUT.
#
# STAGE/root is copied over the root filesystem; STAGE/policy holds modules of
# SELinux policy. It runs in namespaces of its own, as base.sh.
set -eu
base=$1 stage=$2 out=$3

mount -t tmpfs -o size=6G,mode=755 tmpfs /mnt
root=/mnt
tar -C $root -xf "$base/rootfs.tar"

mkdir -p $root/root/policy
tar -C $root/root/policy -xf "$base/selinux.tar" --strip-components=4 \
	selinux-policy-src/policy/modules/services/container.te selinux-policy-src/policy/modules/services/container.fc \
	selinux-policy-src/policy/modules/services/docker.te selinux-policy-src/policy/modules/services/docker.fc
cp "$stage"/policy/* $root/root/policy/

cp -a "$stage/root/." $root/
mkdir -p $root/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots $root/opt/cni $root/opt/sg
echo '/dev/vda / ext4 rw,noatime 0 0' >$root/etc/fstab
echo node >$root/etc/hostname
echo '127.0.0.1 localhost' >$root/etc/hosts
: >$root/etc/resolv.conf
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
	dpkg-db-backup.timer systemd-networkd-wait-online.service; do
	ln -sf /dev/null $root/etc/systemd/system/$unit
done
# The kernel's command line says whether SELinux enforces.
sed -i 's/^SELINUX=.*/SELINUX=permissive/' $root/etc/selinux/config

# Every module, Debian's too, is compiled once.
chroot $root sh -ec '
	cd /root/policy
	set --
	for source in *.te; do set -- "$@" "${source%.te}.pp"; done
	make -s -f /usr/share/selinux/devel/Makefile "$@"
	for module in *.cil; do set -- "$@" "$module"; done
	for module; do set -- "$@" -i "$module"; shift; done
	semodule -n -s default "$@"' >"$out/policy.log" 2>&1 || { tail -n 5 "$out/policy.log" >&2; exit 1; }
rm -rf $root/root/policy

mount -t proc proc $root/proc
chroot $root setfiles -F -e /proc -e /sys -e /dev -e /run /etc/selinux/default/contexts/files/file_contexts / \
	>"$out/labels.log" 2>&1 || { tail -n 5 "$out/labels.log" >&2; exit 1; }
umount $root/proc

cp $root/boot/vmlinuz-* "$out/vmlinuz"
mkdir "$out/modules"
for module in virtio/virtio virtio/virtio_ring virtio/virtio_pci_legacy_dev virtio/virtio_pci_modern_dev \
	virtio/virtio_pci block/virtio_blk; do
	cp $root/lib/modules/*/kernel/drivers/$module.ko "$out/modules/"
done
rm -f $root/boot/vmlinuz-*

truncate -s 4G "$out/disk"
mkfs.ext4 -q -F -L root -O ^has_journal -m 0 -d $root "$out/disk"
