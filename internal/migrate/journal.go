package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"github.com/azptu/azptu/internal/atomicfile"
	"github.com/azptu/azptu/internal/azure/arm"
)

// Phase is how far a migration beside has come. Each is the name of what has
// been reached.
type Phase string

// The phases, in order.
const (
	Planned  Phase = "planned"  // nothing has been sent
	Created  Phase = "created"  // the new deployment stands
	Shifting Phase = "shifting" // a share of the calls goes to it
	Shifted  Phase = "shifted"  // all calls go to it
	Drained  Phase = "drained"  // nobody calls the old one
	Deleted  Phase = "deleted"  // the old one is gone
	Finished Phase = "finished" // nothing is left to do
	Withheld Phase = "withheld" // the new one did not do well; all calls go to the old one
)

// Event is an entry of the journal.
type Event struct {
	At    time.Time `json:"at"`
	Phase Phase     `json:"phase"`
	Share float64   `json:"share"`
	What  string    `json:"what"` // the three below as a sentence, in English

	Act        Act     `json:"act"`
	Deployment string  `json:"deployment,omitempty"` // the one that it is about
	Reason     *Reason `json:"reason,omitempty"`     // why calls were sent back
}

// Act is what an entry tells of.
type Act string

// The acts.
const (
	ActPlan     Act = "plan"
	ActCreate   Act = "create"
	ActStands   Act = "stands"
	ActShift    Act = "shift"
	ActSetBack  Act = "set-back"
	ActWithhold Act = "withhold"
	ActTakeUp   Act = "take-up"
	ActAll      Act = "all"
	ActReached  Act = "reached"
	ActAwait    Act = "await-silence"
	ActSilent   Act = "silent"
	ActDelete   Act = "delete"
	ActGone     Act = "gone"
	ActFinish   Act = "finish"
	ActBack     Act = "back"
)

// sentence is the entry in words, for who reads the file.
func (e Event) sentence() string {
	words := map[Act]string{
		ActPlan: "planned", ActCreate: "creating " + e.Deployment, ActStands: e.Deployment + " stands",
		ActShift: fmt.Sprintf("shifting %.0f %%", e.Share*100), ActSetBack: fmt.Sprintf("back to %.0f %%", e.Share*100), ActWithhold: "withheld",
		ActTakeUp: "taken up again after it was withheld", ActAll: "all calls go to " + e.Deployment, ActReached: "calls reach " + e.Deployment,
		ActAwait: "waiting for silence", ActSilent: "nobody calls " + e.Deployment, ActDelete: "deleting " + e.Deployment, ActGone: e.Deployment + " is gone",
		ActFinish: "finished", ActBack: "back: all calls go to " + e.Deployment,
	}[e.Act]
	if e.Reason != nil {
		words += ": " + e.Reason.String()
	}
	return words
}

// maxEvents bounds a journal; the oldest entries but the first go.
const maxEvents = 500

// Journal is what a migration beside remembers from run to run: its plan, how
// it is to be carried out, how far it has come. It holds no secret and can be
// copied to another machine to go on from there.
type Journal struct {
	Version  int            `json:"version"`
	From     arm.Deployment `json:"from"`
	To       arm.Deployment `json:"to"`
	Location string         `json:"location"`
	Gateway  string         `json:"gateway"` // address of the admin API; "": traffic is shifted by hand
	Backend  string         `json:"backend"` // the gateway's name for the old deployment
	Rules    Rules          `json:"rules"`
	Phase    Phase          `json:"phase"`
	Share    float64        `json:"share"` // of the calls, that was sent to the new one last
	Setbacks int            `json:"setbacks"`
	Usual    Side           `json:"usual"`           // what the old one was like when it was last called enough
	Silent   time.Time      `json:"silent,omitzero"` // service time from which silence of the old one counts
	Events   []Event        `json:"events"`

	path string
}

// Rules say how traffic is shifted.
type Rules struct {
	Steps      []float64     `json:"steps"`      // shares, ascending; the last is 1
	Hold       time.Duration `json:"hold"`       // how long each step is watched, in nanoseconds
	Quiet      time.Duration `json:"quiet"`      // how long nobody must have called the old one
	MaxErrors  float64       `json:"maxErrors"`  // share of calls that may fail beyond what fails at the old one
	MaxRefused float64       `json:"maxRefused"` // share of calls that may be refused (429) beyond the old one's
	MaxLatency float64       `json:"maxLatency"` // times the old one's mean duration
	MaxTokens  float64       `json:"maxTokens"`  // times the old one's completion tokens a call, either way
	MinCalls   int64         `json:"minCalls"`   // calls without which nothing is judged
	KeepOld    bool          `json:"keepOld"`    // end before anything is deleted
}

// ErrJournal says that a file is not a journal.
var ErrJournal = errors.New("not a migration's journal")

// maxJournal bounds the file, in bytes.
const maxJournal = 4 << 20

// ReadJournal reads a journal. The error is fs.ErrNotExist when there is none.
func ReadJournal(path string) (*Journal, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxJournal))
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	j := &Journal{path: path}
	if err := json.Unmarshal(raw, j); err != nil || j.Version != 1 || !j.sound() {
		return nil, fmt.Errorf("%s: %w", path, ErrJournal)
	}
	return j, nil
}

func (j *Journal) sound() bool {
	switch j.Phase {
	case Planned, Created, Shifting, Shifted, Drained, Deleted, Finished, Withheld:
	default:
		return false
	}
	last := 0.0
	for _, s := range j.Rules.Steps {
		if s <= last || s > 1 {
			return false
		}
		last = s
	}
	return last == 1 && j.From.DeploymentRef.Deployment != "" && j.To.DeploymentRef.Deployment != "" &&
		j.From.DeploymentRef != j.To.DeploymentRef && j.Rules.Hold >= 0 && j.Rules.Quiet >= 0 && j.Share >= 0 && j.Share <= 1
}

// NewJournal begins the journal of a plan at path. Nothing is written yet.
func NewJournal(path string, p Plan, rules Rules) *Journal {
	return &Journal{Version: 1, From: p.From, To: p.To, Rules: rules, Phase: Planned, path: path}
}

// Path is where the journal is kept.
func (j *Journal) Path() string { return j.path }

// Enter notes what happened and saves the journal, whole or not at all. Of e
// the act, what it is about and why are told; the rest is filled in.
func (j *Journal) Enter(at time.Time, e Event) error {
	e.At, e.Phase, e.Share = at.UTC(), j.Phase, j.Share
	e.What = e.sentence()
	if len(j.Events) >= maxEvents {
		j.Events = append(j.Events[:1:1], j.Events[len(j.Events)-maxEvents/2:]...)
	}
	j.Events = append(j.Events, e)
	raw, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	if err := atomicfile.Write(j.path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// ErrTaken says that another process works on the same journal.
var ErrTaken = errors.New("another process is carrying this migration out")

// Lock keeps other processes of this machine away from the journal at path
// until release is called, or the process ends however it does. The file that
// is locked stays: taking it away could let two in.
func Lock(path string) (release func(), err error) {
	lock := flock.New(path + ".lock")
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the journal: %w", err)
	}
	if !got {
		return nil, ErrTaken
	}
	return func() { _ = lock.Unlock() }, nil
}

// Missing tells whether err says that there is no journal.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
