package gateway

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
)

// NewKey is a key that was just made, as -o json shows it.
type NewKey struct {
	Name string `json:"name"`
	Key  string `json:"key,omitempty"` // absent when only the hash of a known key was asked for
	Hash string `json:"hash"`          // for gateway.yaml
}

func newKey(env *verb.Env) *cobra.Command {
	var known bool
	cmd := verb.Command(env, verb.Spec{Use: "key [NAME]", Help: "gateway.key", Run: func(_ context.Context, args []string) error {
		name := "key"
		if len(args) > 0 {
			name = args[0]
		}
		k := NewKey{Name: name}
		text := ""
		if known {
			line, err := bufio.NewReader(env.Term.In).ReadString('\n')
			if text = strings.TrimSpace(line); text == "" {
				return exit.New(exit.Usage, env.T("gateway.key-empty")).Wrap(err)
			}
		} else {
			raw := make([]byte, 24)
			_, _ = rand.Read(raw) // never fails
			text = hex.EncodeToString(raw)
			k.Key = text
		}
		sum := sha256.Sum256([]byte(text))
		k.Hash = "sha256:" + hex.EncodeToString(sum[:])
		if !known {
			env.Note(env.T("gateway.key-once"))
		}
		return env.Show(keyView(env, k))
	}})
	cmd.Flags().BoolVar(&known, "hash-stdin", false, "gateway.flag.hash-stdin")
	return cmd
}

func keyView(env *verb.Env, k NewKey) render.View {
	view := render.List([]NewKey{k}, func(k NewKey) string { return k.Name },
		render.Col(env.T("gateway.column.name"), func(k NewKey) any { return k.Name }),
		render.Col(env.T("gateway.column.key"), func(k NewKey) any { return k.Key }),
		render.Col(env.T("gateway.column.yaml"), func(k NewKey) any {
			return fmt.Sprintf("{name: %s, product: …, hash: %q}", k.Name, k.Hash)
		}))
	view.Value, view.Card = k, true
	return view
}
