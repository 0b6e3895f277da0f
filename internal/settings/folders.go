package settings

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/adrg/xdg"
)

// FileName is what a configuration file is called wherever it is looked for.
const FileName = "config_consolidated.json"

// StateName is what the state file is called.
const StateName = ".cli_state"

// Folders are azptu's own folders; "" where the system has no place for one,
// as when there is no home directory.
type Folders struct {
	Config string // of the user's configuration file
	State  string // of the state file
}

// FindFolders works out the folders: AZPTU_STATE_DIR, then the XDG variables,
// then what the operating system prescribes (~/.config and ~/.local/state on
// Linux, ~/Library/Application Support on macOS, %LOCALAPPDATA% on Windows).
func FindFolders(getenv func(string) string) Folders {
	homeless := runtime.GOOS != "windows" && getenv("HOME") == ""
	find := func(variable, system string) string {
		if base := getenv(variable); filepath.IsAbs(base) {
			return filepath.Join(base, "azptu")
		}
		if homeless || system == "" {
			return ""
		}
		return filepath.Join(system, "azptu")
	}
	folders := Folders{
		Config: find("XDG_CONFIG_HOME", xdg.ConfigHome),
		State:  find("XDG_STATE_HOME", xdg.StateHome),
	}
	if dir := getenv("AZPTU_STATE_DIR"); dir != "" {
		folders.State = dir
	}
	return folders
}

// exists tells whether path is there; a path that cannot be looked at counts,
// so that reading it gives the reason.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil || !os.IsNotExist(err)
}
