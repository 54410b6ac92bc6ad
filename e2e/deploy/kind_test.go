package deploy_test

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/image"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/scope"
)

// TestKindScript: the image that the script loads is the one that is deployed,
// here and in the tests, and bash can read the script.
func TestKindScript(t *testing.T) {
	output(t, "bash", "-n", repo(t, "deploy/kind/run"))
	deployed := find[appsv1.DaemonSet](t, overlay(t, "enforce"), "specguard").Spec.Template.Spec.Containers[0].Image
	if script := read(t, "deploy/kind/run"); !strings.Contains(script, "\nimage="+deployed+"\n") || deployed != build.ImageName {
		t.Errorf("%s is deployed, and the tests have %s; the script is:\n%s", deployed, build.ImageName, script)
	}
}

// TestKindLoadsTheImages imports the images of the tests as kind does on its
// nodes.
func TestKindLoadsTheImages(t *testing.T) {
	n := lab.Private(t, build.Containerd2, nil)
	if !scope.CanOverlay(n.Dir()) {
		t.Skip("kind's nodes overlay filesystems, which this machine cannot")
	}
	file, err := os.Create(t.TempDir() + "/images.tar")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := image.Write(file, build.Busybox, cluster.Images()...); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	ctr := func(args ...string) *exec.Cmd {
		return exec.CommandContext(t.Context(), lab.Options(t, build.Containerd2).Programs.Ctr,
			append([]string{"--address=" + n.Socket(), "--namespace=k8s.io", "images"}, args...)...)
	}
	load := ctr("import", "--all-platforms", "--digests", "--snapshotter=overlayfs", "-")
	load.Stdin = file
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	list, err := ctr("list", "--quiet").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range cluster.Images() {
		if !strings.Contains("\n"+string(list), "\n"+i.Name+"\n") {
			t.Errorf("no %s in %s", i.Name, list)
		}
	}
}
