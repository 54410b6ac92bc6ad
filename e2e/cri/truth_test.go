package cri

import (
	"reflect"
	"testing"
)

const told = "Name:\tsh\nUmask:\t0022\nUid:\t1000\t1001\t1000\t1000\nGid:\t7\t8\t7\t7\nGroups:\t8 2000 \n" +
	"CapInh:\t0000000000000000\nCapPrm:\t0000000000000400\nCapEff:\t0000000000000400\n" +
	"CapBnd:\t0000000000000401\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n" +
	"Cpus_allowed_list:\t0-1\nRoot:readonly\n" +
	"overlay / overlay ro,relatime,lowerdir=/a:/b 0 0\nproc /proc proc rw 0 0\ntmpfs / tmpfs ro 0 0\nProbe:end\n"

func TestParseTruth(t *testing.T) {
	got, err := ParseTruth(told)
	if err != nil {
		t.Fatal(err)
	}
	want := Truth{
		UID: 1001, GID: 8, Groups: []int{8, 2000},
		Permitted: CapsOf("NET_BIND_SERVICE"), Effective: CapsOf("NET_BIND_SERVICE"),
		Bounding:   CapsOf("net_bind_service", "CHOWN"),
		NoNewPrivs: true, Seccomp: 2,
		Mounts: []MountInfo{
			{"overlay", "/", "overlay", []string{"ro", "relatime", "lowerdir=/a:/b"}},
			{"proc", "/proc", "proc", []string{"rw"}},
			{"tmpfs", "/", "tmpfs", []string{"ro"}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if root, _ := got.MountAt("/"); root.Type != "tmpfs" || !got.RootReadOnly() {
		t.Errorf("the root is %+v", root)
	}
}

func TestParseTruthWantsAllOfIt(t *testing.T) {
	for _, out := range []string{"", "Uid:\t0\t0\t0\t0\n", "CapEff:\txyz\noverlay / overlay rw 0 0\n"} {
		if got, err := ParseTruth(out); err == nil {
			t.Errorf("%q gave %+v", out, got)
		}
	}
}

func TestCapsString(t *testing.T) {
	if got := CapsOf("NET_RAW", "CHOWN", "NO_SUCH").String(); got != "CHOWN,NET_RAW" {
		t.Errorf("got %q", got)
	}
}

func TestPlainLog(t *testing.T) {
	const t0 = "2026-01-01T00:00:00.000000000Z "
	log := t0 + "stdout F one\n" + t0 + "stderr P tw\n" + t0 + "stderr F o\n" + t0 + "stdout F \n"
	if got := PlainLog(log); got != "one\ntwo\n\n" {
		t.Errorf("got %q", got)
	}
}
