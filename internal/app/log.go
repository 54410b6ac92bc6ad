package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"
)

func newLog(cfg LogConfig) (*logrus.Logger, error) {
	log := logrus.New()
	level, err := logrus.ParseLevel(cfg.Level)
	if err != nil {
		return nil, fmt.Errorf("log level %q is not one of debug, info, warning, error", cfg.Level)
	}
	log.SetLevel(level)
	if cfg.Format == "json" {
		log.SetFormatter(&logrus.JSONFormatter{})
	}
	var w io.Writer = os.Stderr
	if cfg.File != "" {
		if w, err = openAppend(cfg.File); err != nil {
			return nil, fmt.Errorf("open log file: %w", err)
		}
	}
	log.SetOutput(newPatientWriter(w, true))
	return log, nil
}

// openAppend opens a log for appending, so that another program may rotate it
// by copying and truncating, and makes its folder; "-" is standard output.
func openAppend(path string) (io.Writer, error) {
	if path == "-" {
		return os.Stdout, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}
