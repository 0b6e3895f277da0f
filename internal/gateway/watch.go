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

// Watch reloads the file whenever its content changes, or one of the files that
// it names, or a signal comes, until ctx ends. Looking at the content finds
// changes however they are made: edits, renames, links that a volume swaps. told
// hears of every attempt.
func (s *Server) Watch(ctx context.Context, path string, every time.Duration, signal <-chan os.Signal, told func(error)) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	seen := sha256.Sum256(s.g.runtime.Load().text)
	named := s.stamp()
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
		switch sum := sha256.Sum256(text); {
		case asked || sum != seen && len(bytes.TrimSpace(text)) > 0:
			seen = sum
			told(s.ReloadFile(ctx, path))
			named = s.stamp()
		default:
			if now := s.stamp(); now != named {
				if now.of == named.of { // the same configuration, which may have come by the admin API
					told(s.Reload(ctx, s.g.Config(), s.g.runtime.Load().text))
				}
				named = now
			}
		}
	}
}

// stamp tells one state of the files that a configuration names from another.
type stamp struct {
	of    string // the configuration's etag
	files [sha256.Size]byte
}

func (s *Server) stamp() stamp {
	rt := s.g.runtime.Load()
	return stamp{rt.etag, stampOf(rt.config.Files())}
}

// stampOf is made of what changes when a file is written or replaced. Files are not read: there may be a thousand keys.
func stampOf(files []string) [sha256.Size]byte {
	h := sha256.New()
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			fmt.Fprintf(h, "%q is missing\n", path)
			continue
		}
		fmt.Fprintf(h, "%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	return [sha256.Size]byte(h.Sum(nil))
}
