package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
)

// ReadConfig reads and judges a configuration file. Paths in it start at its
// folder. The error is *config.Invalid when the file could be read.
func ReadConfig(path string) (*config.Config, []byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, config.MaxFile+1))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := config.Parse(text)
	if err != nil {
		return nil, text, err
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, text, fmt.Errorf("finding the configuration's folder: %w", err)
	}
	c.Rebase(dir)
	return c, text, nil
}

// ReloadFile takes what a file holds now into service.
func (s *Server) ReloadFile(ctx context.Context, path string) error {
	c, text, err := ReadConfig(path)
	if err != nil {
		s.g.metrics.failures.Add(1)
		return err
	}
	return s.Reload(ctx, c, text)
}

// Watch reloads the file whenever its content changes, or a signal comes, until
// ctx ends. Looking at the content finds changes however they are made: edits,
// renames, links that a volume swaps. told hears of every attempt.
func (s *Server) Watch(ctx context.Context, path string, every time.Duration, signal <-chan os.Signal, told func(error)) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	seen := sha256.Sum256(s.g.runtime.Load().text)
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-signal:
			asked = true
		case <-ticks.C:
		}
		text, err := os.ReadFile(path)
		if err != nil {
			if asked {
				told(fmt.Errorf("reading the configuration: %w", err))
			}
			continue // a file that is being replaced is there again in a moment
		}
		sum := sha256.Sum256(text)
		if !asked && (sum == seen || len(bytes.TrimSpace(text)) == 0) {
			continue
		}
		seen = sum
		told(s.ReloadFile(ctx, path))
	}
}
