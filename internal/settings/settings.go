package settings

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/azptu/azptu/internal/locale"
)

// BuiltIn is the origin of what comes with azptu.
const BuiltIn = "built-in"

// Value is a setting and where it came from: a flag ("--lang"), a variable
// ("AZPTU_LANG"), the path of a file, or BuiltIn.
type Value struct {
	Key    string `json:"key"`
	Text   string `json:"value"`
	Origin string `json:"origin"`
}

// Sources are where settings are looked for.
type Sources struct {
	Getenv  func(string) string
	Folders Folders
	WorkDir string            // of the project file
	File    string            // --config; "" for none
	Flags   map[string]string // by the flag's name; only those given
}

// Settings is everything that is configured.
type Settings struct {
	Files    []string // the files read, strongest first
	Warnings []Fault  // what was passed over, with the file as the start of its path

	// ValueFaults are the values of flags and variables that do not fit.
	ValueFaults []*ValueError

	files  []*File // as Files
	base   *File   // built-in
	values map[string]Value
}

// ReadError says that a configuration file cannot be read.
type ReadError struct {
	Path string
	Err  error
}

func (e *ReadError) Error() string { return fmt.Sprintf("configuration %s: %v", e.Path, e.Err) }

// Unwrap is what the operating system said.
func (e *ReadError) Unwrap() error { return e.Err }

// InvalidError says that a configuration file is not as it must be.
type InvalidError struct {
	Path   string
	Faults []Fault
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("configuration %s: %d faults, the first at %s", e.Path, len(e.Faults), e.Faults[0].Path)
}

const fileMaximum = 8 << 20 // bytes of a configuration file

// Paths lists the files that src looks at, strongest first. A file named by
// --config or AZPTU_CONFIG stands alone; otherwise the project's file, in the
// working directory, goes before the user's. Only files that
// are there are listed, except for one that was named.
func (src Sources) Paths() []string {
	if named := src.Named(); named != "" {
		return []string{named}
	}
	var paths []string
	for _, dir := range []string{src.WorkDir, src.Folders.Config} {
		if path := filepath.Join(dir, FileName); dir != "" && exists(path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// Named is the file named by --config or AZPTU_CONFIG, "" when none is.
func (src Sources) Named() string { return cmp.Or(src.File, src.Getenv("AZPTU_CONFIG")) }

// Load reads every source. Errors are *ReadError, *InvalidError or *ValueError;
// Settings is usable even then, as if the faulty source were not there.
func Load(src Sources) (*Settings, error) {
	s := &Settings{base: BuiltInFile(), values: map[string]Value{}}
	var faults []error
	for _, path := range src.Paths() {
		file, err := ReadFile(path)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if src.isProjectFile(path) {
			s.distrust(path, file)
		}
		s.Files, s.files = append(s.Files, path), append(s.files, file)
	}
	for _, key := range Keys() {
		value, fault := s.resolve(key, src)
		if fault != nil {
			faults, s.ValueFaults = append(faults, fault), append(s.ValueFaults, fault)
		}
		s.values[key.Name] = value
	}
	return s, errors.Join(faults...)
}

// ReadFile reads and checks one configuration file.
func ReadFile(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &ReadError{path, err}
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, fileMaximum+1))
	if err != nil {
		return nil, &ReadError{path, err}
	}
	if len(raw) > fileMaximum {
		return nil, &ReadError{path, fmt.Errorf("larger than %d bytes", fileMaximum)}
	}
	file, faults := Parse(raw)
	if len(faults) > 0 {
		return nil, &InvalidError{path, faults}
	}
	return file, nil
}

// isProjectFile tells whether path was found lying in the working directory,
// rather than named or put there by the user.
func (src Sources) isProjectFile(path string) bool {
	return src.Named() == "" && path == filepath.Join(src.WorkDir, FileName) && src.WorkDir != src.Folders.Config
}

// distrust drops from a project's file what a stranger's checkout must not
// decide: a cloud description of its own, or an emulator.json beside it, would
// be where tokens are sent.
func (s *Settings) distrust(path string, file *File) {
	if cloud, set := file.Settings[Cloud]; set && !slices.Contains(microsoftClouds(), cloud) {
		delete(file.Settings, Cloud)
		s.Warnings = append(s.Warnings, Fault{Path: path + ": settings." + Cloud, Problem: "settings.fault.project-cloud", Args: []any{"Value", cloud}})
	}
}

// NamedClouds lists the clouds that need no description file.
func NamedClouds() []string { return append(microsoftClouds(), "emulator") }

// microsoftClouds lists the clouds whose addresses azptu knows itself.
func microsoftClouds() []string { return []string{"public", "usgov", "china"} }

// resolve finds the strongest source of key. A value that does not fit is an
// error and the next source is asked.
func (s *Settings) resolve(key Key, src Sources) (Value, *ValueError) {
	candidates := []Value{
		{key.Name, src.Flags[key.Flag], "--" + key.Flag},
		{key.Name, src.Getenv(key.Env), key.Env},
	}
	for i, file := range s.files {
		candidates = append(candidates, Value{key.Name, file.Settings[key.Name], s.Files[i]})
	}
	if key.Name == Language {
		lang, origin := locale.FromEnvironment(src.Getenv)
		if origin == "" {
			origin = BuiltIn
		}
		candidates = append(candidates, Value{key.Name, string(lang), origin})
	}
	builtIn := Value{key.Name, s.base.Settings[key.Name], BuiltIn}
	candidates = append(candidates, builtIn)
	var fault *ValueError
	for _, c := range candidates {
		switch {
		case c.Text == "" && c.Origin != BuiltIn:
		case c.Text != "" && !key.Accepts(c.Text):
			if fault == nil {
				fault = &ValueError{key, c.Text, c.Origin}
			}
		default:
			if key.Name == Language {
				lang, _ := locale.ParseLanguage(c.Text)
				c.Text = string(lang)
			}
			return c, fault
		}
	}
	return builtIn, fault
}

// Get is the value of a general setting and its origin.
func (s *Settings) Get(name string) Value { return s.values[name] }

// Language is the language to speak.
func (s *Settings) Language() locale.Language { return locale.Language(s.Get(Language).Text) }

// CacheAge is how long the list of accounts stays fresh.
func (s *Settings) CacheAge() time.Duration {
	minutes, err := strconv.Atoi(s.Get(CacheMinutes).Text)
	if err != nil {
		return 5 * time.Minute
	}
	return time.Duration(minutes) * time.Minute
}

// Messages are the user's own texts for lang: those written for every
// language, then those for lang, the strongest file last.
func (s *Settings) Messages(lang locale.Language) locale.Overrides {
	own := locale.Overrides{}
	for _, file := range slices.Backward(s.files) {
		maps.Copy(own, file.Messages[""])
		maps.Copy(own, file.Messages[lang])
	}
	return own
}

// MessageOrigin is the file whose text for key in lang is in force.
func (s *Settings) MessageOrigin(lang locale.Language, key string) string {
	for i, file := range s.files {
		for _, texts := range []locale.Overrides{file.Messages[lang], file.Messages[""]} {
			if _, ok := texts[key]; ok {
				return s.Files[i]
			}
		}
	}
	return BuiltIn
}

// Requirements are the capacity rules the user's files state, by model and
// deployment type; they go over the catalog's. A nil rule says that the model
// cannot be deployed as that type.
func (s *Settings) Requirements() map[string]map[string]Sourced[*Requirement] {
	out := map[string]map[string]Sourced[*Requirement]{}
	for i, file := range slices.Backward(s.files) {
		for model, types := range file.Requirements {
			if out[model] == nil {
				out[model] = map[string]Sourced[*Requirement]{}
			}
			for name, rule := range types {
				out[model][name] = Sourced[*Requirement]{rule, s.Files[i]}
			}
		}
	}
	return out
}

// Models are the models the user's files describe, by name; they go over the
// catalog's.
func (s *Settings) Models() map[string]Sourced[Model] {
	out := map[string]Sourced[Model]{}
	for i, file := range slices.Backward(s.files) {
		for name, model := range file.Models {
			out[name] = Sourced[Model]{model, s.Files[i]}
		}
	}
	return out
}

// DeploymentType is what is configured for a deployment type, given as
// ptu.DeploymentType spells it. What the strongest file leaves out is as built
// in.
func (s *Settings) DeploymentType(name string) Sourced[TypeSettings] {
	builtIn := s.base.DeploymentTypes[name]
	for i, file := range s.files {
		if t, ok := file.DeploymentTypes[name]; ok {
			if len(t.Description) == 0 {
				t.Description = builtIn.Description
			}
			t.SKU, t.Enabled = builtIn.SKU, cmp.Or(t.Enabled, builtIn.Enabled)
			return Sourced[TypeSettings]{t, s.Files[i]}
		}
	}
	return Sourced[TypeSettings]{builtIn, BuiltIn}
}

// Sourced is a value with the file it came from, or BuiltIn.
type Sourced[T any] struct {
	Value  T
	Origin string
}
