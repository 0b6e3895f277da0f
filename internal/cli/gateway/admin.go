package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/gateway"
)

// console speaks to the admin API of a running gateway.
type console struct {
	env     *verb.Env
	address string
}

// consoleOf finds the admin API: the address given, else the configuration's.
func consoleOf(env *verb.Env, address, path string) (console, error) {
	if address != "" {
		return console{env, address}, nil
	}
	c, _, err := gateway.ReadConfig(path)
	if err != nil {
		return console{}, explain(env, path, err)
	}
	if c.Admin == "" {
		return console{}, exit.New(exit.Usage, env.T("gateway.no-admin", "Path", path)).Hint(env.T("gateway.give-admin"))
	}
	return console{env, c.Admin}, nil
}

// call sends a request and reads a JSON answer into out.
func (c console) call(ctx context.Context, method, path string, header http.Header, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+path, bytes.NewReader(body))
	if err != nil {
		return exit.New(exit.Usage, c.env.T("gateway.unreachable", "Address", c.address, "Error", err.Error())).Wrap(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	transport := c.env.Transport()
	transport.Proxy = nil
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	if err != nil {
		return exit.New(exit.Failed, c.env.T("gateway.unreachable", "Address", c.address, "Error", err.Error())).
			Hint(c.env.T("gateway.is-it-running", "Command", "azptu gateway run")).Wrap(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("reading the gateway's answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return c.refused(res.StatusCode, raw)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("reading the gateway's answer: %w", err)
	}
	return nil
}

// refused turns an answer that is no success into an error to be printed.
func (c console) refused(status int, raw []byte) error {
	var doc struct {
		Error  string    `json:"error"`
		Faults []Finding `json:"faults"`
	}
	if json.Unmarshal(raw, &doc) != nil || doc.Error == "" {
		doc.Error = http.StatusText(status)
	}
	kind := exit.Failed
	switch status {
	case http.StatusUnprocessableEntity:
		kind = exit.Validation
	case http.StatusPreconditionFailed, http.StatusConflict:
		kind = exit.Conflict
	}
	out := exit.New(kind, c.env.T("gateway.refused", "Error", doc.Error))
	for _, f := range doc.Faults {
		out.Message += "\n  " + f.Path + ": " + f.Message
	}
	return out
}
