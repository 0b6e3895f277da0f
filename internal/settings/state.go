package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// State is what commands remember from one run to the next.
type State struct {
	Version        int       `json:"version"`
	ResourceGroup  string    `json:"resource_group,omitempty"`
	SubscriptionID string    `json:"subscription_id,omitempty"`
	Project        string    `json:"project,omitempty"`                // the account that --account-name stands for
	ProjectGroup   string    `json:"project_resource_group,omitempty"` // the resource group of Project
	Cache          *Projects `json:"projects,omitempty"`
}

// Projects is the list of accounts as a subscription last showed it.
type Projects struct {
	SavedAt        time.Time `json:"saved_at"`
	Cloud          string    `json:"cloud,omitempty"`
	SubscriptionID string    `json:"subscription_id,omitempty"`
	Items          []Project `json:"items"`
}

// Project is one account, as far as choosing one needs.
type Project struct {
	ID            string `json:"id,omitempty"`
	Name          string `json:"name"`
	ResourceGroup string `json:"resource_group,omitempty"`
	Location      string `json:"location,omitempty"`
	Kind          string `json:"kind,omitempty"`
	Endpoint      string `json:"endpoint,omitempty"`
}

const (
	stateVersion = 1
	stateMaximum = 16 << 20 // bytes; a state file is a few hundred
)

// Fresh gives the cached projects of a subscription in a cloud if they are not
// older than maxAge; ok is false otherwise.
func (s State) Fresh(cloud, subscriptionID string, now time.Time, maxAge time.Duration) (projects []Project, ok bool) {
	if s.Cache == nil || s.Cache.Cloud != cloud || !strings.EqualFold(s.Cache.SubscriptionID, subscriptionID) {
		return nil, false
	}
	age := now.Sub(s.Cache.SavedAt)
	if age < 0 || age >= maxAge {
		return nil, false
	}
	return s.Cache.Items, true
}

// ParseState reads the text of a state file.
func ParseState(raw []byte) (State, error) {
	var state State
	if len(raw) > stateMaximum {
		return State{}, fmt.Errorf("larger than %d bytes", stateMaximum)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&state); err != nil {
		return State{}, fmt.Errorf("not a state file: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return State{}, errors.New("not a state file: something follows its end")
	}
	if state.Version < 0 || state.Version > stateVersion {
		return State{}, fmt.Errorf("version %d was written by a newer azptu", state.Version)
	}
	return state, nil
}
