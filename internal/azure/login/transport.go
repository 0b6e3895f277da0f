package login

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
)

// Trust makes t trust the certificate authorities in caFiles besides the
// system's. Empty names are left out; without any t is not touched. TLS stays
// verified, 1.2 or newer. SSL_CERT_FILE belongs among the files where the
// system does not read it by itself (Windows, macOS).
func Trust(t *http.Transport, caFiles ...string) error {
	var pool *x509.CertPool
	for _, path := range caFiles {
		if path == "" {
			continue
		}
		pem, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading certificate authorities: %w", err)
		}
		if pool == nil {
			if pool, err = x509.SystemCertPool(); err != nil {
				pool = x509.NewCertPool()
			}
		}
		if !pool.AppendCertsFromPEM(pem) {
			return fmt.Errorf("reading certificate authorities: %s holds no PEM certificate", path)
		}
	}
	if pool == nil {
		return nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.TLSClientConfig != nil {
		config = t.TLSClientConfig.Clone()
	}
	config.RootCAs = pool
	t.TLSClientConfig = config
	return nil
}
