package logs

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kustowire"
	"github.com/azptu/azptu/internal/loopback"
)

// tokenVariable holds the bearer token that `logs serve` asks for.
const tokenVariable = "AZPTU_LOGS_TOKEN"

type serveOptions struct {
	env *verb.Env
	folder
	listen string
	login  string
	cert   string
	key    string
}

func newServe(env *verb.Env) *cobra.Command {
	o := &serveOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "serve", Help: "logs.serve", Run: func(ctx context.Context, _ []string) error { return o.run(ctx) }})
	o.bind(cmd)
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8082", "logs.flag.listen")
	cmd.Flags().StringVar(&o.login, "login", "https://login.microsoftonline.com", "logs.flag.login")
	cmd.Flags().StringVar(&o.cert, "cert", "", "logs.flag.cert")
	cmd.Flags().StringVar(&o.key, "key", "", "logs.flag.cert-key")
	cmd.MarkFlagsRequiredTogether("cert", "key")
	return cmd
}

func (o *serveOptions) run(ctx context.Context) error {
	view, _, err := o.open(o.env)
	if err != nil {
		return err
	}
	token := o.env.Getenv(tokenVariable)
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return exit.New(exit.Usage, o.env.T("logs.listen-faulty", "Address", o.listen)).Wrap(err)
	}
	if token == "" && !loopback.Is(host) {
		return exit.New(exit.Validation, o.env.T("logs.listen-open", "Address", o.listen)).Hint(o.env.T("logs.listen-open.hint", "Variable", tokenVariable))
	}
	socket, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return exit.New(exit.Failed, o.env.T("logs.listen-failed", "Address", o.listen, "Error", err.Error())).Wrap(err)
	}
	handler := kustowire.New(kustowire.Config{Engine: &kql.Engine{}, Database: view, Now: o.env.Now, LoginEndpoint: o.login})
	server := &http.Server{Handler: guarded(handler, token), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}
	scheme, serve := "http://", server.Serve
	if o.cert != "" {
		scheme, serve = "https://", func(l net.Listener) error { return server.ServeTLS(l, o.cert, o.key) }
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	fmt.Fprintln(o.env.Term.Out, o.env.T("logs.serving", "URL", scheme+socket.Addr().String()))
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(last)
	})
	defer stop()
	if err := serve(socket); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving logs: %w", err)
	}
	return nil
}

// guarded asks for the token wherever the protocol does. Without one whoever can
// reach the server may ask, but no web page may.
func guarded(next http.Handler, token string) http.Handler {
	if token == "" {
		return loopback.Guard(next, func(w http.ResponseWriter, status int, reason string) { refuse(w, status, "Forbidden", reason) })
	}
	want := []byte("Bearer " + token)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !kustowire.Open(r.URL.Path) && subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "InvalidTokenError", "The provided authentication is not valid for this resource")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code, "message": message}})
}
