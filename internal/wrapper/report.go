package wrapper

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/specguard/specguard/plugin/seal"
)

// report says in one line why nothing was started: on standard error, which conmon reads, and in
// the log file that the caller named, which containerd's shim reads.
func report(stderr io.Writer, globals flags, err error) {
	message := strings.Join(strings.Fields(err.Error()), " ")
	if !strings.HasPrefix(message, seal.Prefix) {
		message = seal.Prefix + message
	}
	fmt.Fprintln(stderr, message)
	path := globals.value("log")
	if path == "" {
		return
	}
	f, openErr := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if openErr != nil {
		return // it has been said on standard error
	}
	defer f.Close()
	at := time.Now().Format(time.RFC3339)
	if globals.value("log-format") == "json" {
		_ = json.NewEncoder(f).Encode(map[string]string{"level": "error", "msg": message, "time": at})
		return
	}
	fmt.Fprintf(f, "time=%q level=error msg=%q\n", at, message)
}
