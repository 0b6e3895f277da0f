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
	c.eachFile(rebase)
}

// Files are the files that c is made of besides its own: certificates,
// authorities, secrets. Others may replace them while c is in service.
func (c *Config) Files() []string {
	var all []string
	c.eachFile(func(path *string) {
		if *path != "" {
			all = append(all, *path)
		}
	})
	return all
}

// eachFile hands over where the path of each such file stands.
func (c *Config) eachFile(do func(path *string)) {
	secret := func(s *Secret) {
		if s.Scheme == "file" {
			do(&s.Name)
		}
	}
	do(&c.TLS.Cert)
	do(&c.TLS.Key)
	do(&c.Telemetry.CAFile)
	if c.Entra != nil {
		do(&c.Entra.CAFile)
	}
	for i := range c.Backends {
		do(&c.Backends[i].CAFile)
		secret(&c.Backends[i].Auth.Key)
	}
	for i := range c.Telemetry.Headers {
		secret(&c.Telemetry.Headers[i].Value)
	}
	for i := range c.Keys {
		secret(&c.Keys[i].Secret)
	}
}
