package policy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestInvalidDocuments has a document for each fault that a writer of policies
// can make. Its first lines say what must come of it, as
//
//	# want: LINE:COLUMN: MESSAGE
//
// where {rules} stands for the names of all rules. A last line "# schema:
// accepts" is for a fault that the documents' schema cannot express.
func TestInvalidDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/invalid/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 60 {
		t.Errorf("%d documents only", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			set, err := Compile(Source{Name: "f", Data: data})
			if err == nil || set != nil {
				t.Fatalf("set %v, error %v", set, err)
			}
			got := strings.ReplaceAll(err.Error(), strings.Join(RuleNames(), ", "), "{rules}")
			got = regexp.MustCompile(`(?m)^f:`).ReplaceAllString(got, "# want: ")
			want := expectation(string(data))
			if got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

// expectation gives the lines that say what is wanted.
func expectation(doc string) string {
	var lines []string
	for strings.HasPrefix(doc, "# want:") {
		var line string
		line, doc, _ = strings.Cut(doc, "\n")
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
