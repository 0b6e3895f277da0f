package config

import "path/filepath"

// Rebase makes every path of c that is not absolute start at dir, the folder
// of the file that c was read from.
func (c *Config) Rebase(dir string) {
	rebase := func(path *string) {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
	rebase(&c.Logs.Dir)
	rebase(&c.QuotaFile)
	rebase(&c.TLS.Cert)
	rebase(&c.Telemetry.CAFile)
	rebase(&c.TLS.Key)
	if c.Entra != nil {
		rebase(&c.Entra.CAFile)
	}
	for i := range c.Backends {
		rebase(&c.Backends[i].CAFile)
		if c.Backends[i].Auth.Key.Scheme == "file" {
			rebase(&c.Backends[i].Auth.Key.Name)
		}
	}
	for i := range c.Telemetry.Headers {
		if c.Telemetry.Headers[i].Value.Scheme == "file" {
			rebase(&c.Telemetry.Headers[i].Value.Name)
		}
	}
	for i := range c.Keys {
		if c.Keys[i].Secret.Scheme == "file" {
			rebase(&c.Keys[i].Secret.Name)
		}
	}
}
