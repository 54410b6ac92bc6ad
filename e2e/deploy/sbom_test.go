package deploy_test

import (
	"debug/buildinfo"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestSBOM: the lists that make sbom writes name every module that is in the
// programs, with its version.
func TestSBOM(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "make", "--directory", repo(t, "."), "sbom")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"specguard", "specguard-runtime"} {
		info, err := buildinfo.ReadFile(repo(t, "bin/"+name))
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(repo(t, "bin/"+name+".cdx.json"))
		if err != nil {
			t.Fatal(err)
		}
		var bom struct {
			BOMFormat  string
			Components []struct{ Name, Version string }
		}
		if err := json.Unmarshal(data, &bom); err != nil {
			t.Fatal(err)
		}
		if bom.BOMFormat != "CycloneDX" {
			t.Errorf("%s: format %q", name, bom.BOMFormat)
		}
		listed := map[string]string{}
		for _, c := range bom.Components {
			listed[c.Name] = c.Version
		}
		for _, m := range info.Deps {
			if listed[m.Path] != m.Version {
				t.Errorf("%s: %s is listed with version %q, the program has %s", name, m.Path, listed[m.Path], m.Version)
			}
		}
		if strings.TrimPrefix(listed["std"], "go") != strings.TrimPrefix(info.GoVersion, "go") {
			t.Errorf("%s: Go %q is listed, the program has %s", name, listed["std"], info.GoVersion)
		}
	}
}
