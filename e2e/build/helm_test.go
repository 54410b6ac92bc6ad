package build

import (
	"os"
	"strings"
	"testing"
)

func TestHelmIsTheOneOfGoMod(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), "\thelm.sh/helm/v3 "+HelmVersion+"\n") {
		t.Errorf("go.mod has another Helm than %s", HelmVersion)
	}
}
